// @ts-check
/** The fields of the settings: segments and selects over one frozen value. */
import { el } from "./dom.js";
import { t } from "./words.js";

/** @import { Language } from "./words.js" */
/** @import { Settings } from "./settings.js" */

/** @typedef {(change: Partial<Settings>) => void} Change */

const VOICES = ["alloy", "echo", "fable", "nova", "onyx", "shimmer"];
/** @type {Record<"slow" | "normal" | "fast", number>} */
const PACES = { slow: 0.8, normal: 1, fast: 1.2 };

/**
 * @param {HTMLElement} node
 * @param {Settings} settings
 * @param {readonly Language[]} languages
 * @param {Change} onchange
 */
export async function showSettings(node, settings, languages, onchange) {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const named = devices.some((device) => device.label !== "");
  const sinks = "setSinkId" in AudioContext.prototype;
  const pace = Object.entries(PACES).find(([, value]) => value === settings.pace)?.[0] ?? "normal";
  node.replaceChildren(
    field("language", select(languages.map(({ code, name }) => [code, name]), settings.language, (code) => onchange({ language: code }))),
    modeField(settings, onchange),
    deviceField("microphone", "audioinput", devices, settings.microphone, (id) => onchange({ microphone: id })),
    ...(sinks ? [deviceField("speaker", "audiooutput", devices, settings.speaker, (id) => onchange({ speaker: id }))] : []),
    ...(named ? [] : [el("p", { class: "quiet" }, t("settings.devices_later"))]),
    voiceField(settings.voice, onchange),
    segments("patience", ["low", "medium", "high"], settings.patience, (patience) => onchange({ patience })),
    segments("pace", ["slow", "normal", "fast"], pace, (name) => onchange({ pace: PACES[name] })),
    segments("theme", ["auto", "light", "dark"], settings.theme, (theme) => onchange({ theme })),
  );
}

/** The server's own voice, which may be a voice pack's, before those that every server knows. @param {string} chosen @param {Change} onchange */
function voiceField(chosen, onchange) {
  /** @type {[string, string][]} */
  const named = VOICES.map((voice) => [voice, voice[0].toUpperCase() + voice.slice(1)]);
  return field("voice", select([["", t("settings.voice_own")], ...named], chosen, (voice) => onchange({ voice })));
}

/** @param {Settings} settings @param {Change} onchange */
export function modeField(settings, onchange) {
  return segments("mode", ["open", "push"], settings.mode, (mode) => onchange({ mode }));
}

let groups = 0;

/**
 * A choice of few, side by side.
 * @template {string} Value
 * @param {string} name
 * @param {readonly Value[]} values
 * @param {string} chosen
 * @param {(value: Value) => void} onchoose
 */
function segments(name, values, chosen, onchoose) {
  const group = `${name}-${++groups}`;
  const choices = values.map((value) => {
    const input = el("input", { type: "radio", name: group, value, checked: value === chosen });
    input.addEventListener("change", () => onchoose(value));
    return el("label", {}, input, el("span", {}, t(`settings.${name}.${value}`)));
  });
  return el("fieldset", { class: "segments", "data-setting": name }, el("legend", {}, t(`settings.${name}`)), el("div", {}, ...choices));
}

/**
 * @param {string} name
 * @param {MediaDeviceKind} kind
 * @param {readonly MediaDeviceInfo[]} devices
 * @param {string} chosen
 * @param {(id: string) => void} onchoose
 */
function deviceField(name, kind, devices, chosen, onchoose) {
  const own = devices.filter((device) => device.kind === kind && device.deviceId !== "" && device.deviceId !== "default");
  /** @type {[string, string][]} */
  const options = own.map((device, i) => [device.deviceId, device.label || t("settings.device", { n: i + 1 })]);
  const known = options.some(([id]) => id === chosen);
  return field(name, select([["", t("settings.system")], ...options], known ? chosen : "", onchoose));
}

/** @param {string} name @param {HTMLElement} control */
function field(name, control) {
  return el("label", { class: "field", "data-setting": name }, el("span", {}, t(`settings.${name}`)), control);
}

/** @param {[string, string][]} options @param {string} chosen @param {(value: string) => void} onchoose */
export function select(options, chosen, onchoose) {
  const node = el("select", {}, ...options.map(([value, label]) => el("option", { value, selected: value === chosen }, label)));
  node.addEventListener("change", () => onchoose(node.value));
  return node;
}
