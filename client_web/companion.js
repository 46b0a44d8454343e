// @ts-check
/** Atom, the companion: a drawn atom whose orbits, colour and face show what the tutor is doing. */

/** @import { Phase } from "./state.js" */

/**
 * How Atom holds itself; every number is eased towards.
 * @typedef {{spin: number, reach: number, glow: number, eyes: number, look: number, smile: number, mouth: number}} Pose
 */

/** @type {Pose} */
const AT_REST = { spin: 0.5, reach: 1, glow: 0.35, eyes: 1, look: 0, smile: 1, mouth: 0 };

/** @type {Record<Phase, Partial<Pose>>} */
const POSES = {
  idle: {},
  starting: { spin: 0.9, eyes: 0.8 },
  connecting: { spin: 1.1, eyes: 0.8, smile: 0.4 },
  blocked: { spin: 0.1, glow: 0.15, look: 0.6, smile: -0.3 },
  lost: { spin: 0.05, reach: 0.9, glow: 0.1, eyes: 0.08, smile: -0.5 },
  listening: { glow: 0.5, eyes: 1.12 },
  ready: { spin: 0.35 },
  muted: { spin: 0.15, glow: 0.15, eyes: 0.5, smile: 0.3 },
  hearing: { spin: 0.8, reach: 1.06, glow: 0.9, eyes: 1.25, smile: 0.8 },
  thinking: { spin: 2.6, reach: 0.92, glow: 0.6, look: -1, smile: 0.15 },
  speaking: { spin: 1.2, reach: 1.03, glow: 1, mouth: 1 },
};

const ORBITS = [0, Math.PI / 3, (2 * Math.PI) / 3];
const TRAIL = 16;
const FRAME_MS = 32;
const BLINK_EVERY_MS = 4200;
const BLINK_MS = 150;

/** @param {Phase} phase @returns {Pose} */
export function poseOf(phase) {
  return { ...AT_REST, ...POSES[phase] };
}

/** @param {Pose} from @param {Pose} to @param {number} share of the way @returns {Pose} */
export function eased(from, to, share) {
  const mixed = { ...from };
  for (const key of /** @type {(keyof Pose)[]} */ (Object.keys(mixed))) mixed[key] += (to[key] - from[key]) * share;
  return mixed;
}

/** How far the eyes are open because of blinking. @param {number} now_ms */
function lids(now_ms) {
  const since = now_ms % BLINK_EVERY_MS;
  return since < BLINK_MS ? Math.abs(since / BLINK_MS - 0.5) * 2 : 1;
}

export class Companion {
  /** @param {HTMLCanvasElement} canvas @param {() => number} level how loud the one who speaks is, 0 to 1 */
  constructor(canvas, level) {
    this.canvas = canvas;
    this.level = level;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** @type {Phase} */
    this.phase = "idle";
    this.pose = poseOf("idle");
    this.turned = 0;
    this.loud = 0;
    this.last_ms = 0;
    /** No motion, whatever the system wants. */
    this.calm = false;
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this.reduced.addEventListener("change", () => this.restyle());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    requestAnimationFrame((now) => this.#tick(now));
  }

  get still() {
    return this.calm || this.reduced.matches;
  }

  /** @param {Phase} phase */
  show(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.canvas.dataset.phase = phase;
    this.restyle();
  }

  /** After a change of phase, theme or motion. */
  restyle() {
    const style = getComputedStyle(this.canvas);
    const read = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    this.ink = { core: read("--atom-core"), edge: read("--atom-edge"), orbit: style.color, face: read("--atom-face") };
    if (this.still) {
      this.pose = poseOf(this.phase);
      this.loud = 0.3;
      this.#draw(BLINK_EVERY_MS / 2);
    }
  }

  /** @param {number} now_ms */
  #tick(now_ms) {
    requestAnimationFrame((next) => this.#tick(next));
    const passed_ms = now_ms - this.last_ms;
    if (passed_ms < FRAME_MS || this.still || this.canvas.offsetParent === null) return;
    this.last_ms = now_ms;
    const step = Math.min(passed_ms, 100) / 1000;
    this.pose = eased(this.pose, poseOf(this.phase), 1 - Math.exp(-step * 7));
    this.loud += (Math.min(1, this.level() * 5) - this.loud) * 0.45;
    this.turned += this.pose.spin * step * 1.9;
    this.#draw(now_ms);
  }

  #resize() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (side === 0 || side === this.canvas.width) return;
    this.canvas.width = this.canvas.height = side;
    this.restyle();
  }

  /** @param {number} now_ms */
  #draw(now_ms) {
    const { context, canvas } = this;
    if (this.ink === undefined) this.restyle();
    const radius = canvas.width / 2;
    const sway = this.still ? 0 : Math.sin(now_ms / 1300) * radius * 0.018;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(1, 0, 0, 1, radius, radius + sway);
    this.#glow(radius);
    this.#orbits(radius, false);
    this.#core(radius * 0.37 * (1 + this.loud * this.pose.glow * 0.07));
    this.#face(radius * 0.37, now_ms);
    this.#orbits(radius, true);
  }

  /** @param {number} radius */
  #glow(radius) {
    const { context, ink } = this;
    const wide = radius * (0.72 + 0.22 * this.loud);
    const light = context.createRadialGradient(0, 0, radius * 0.2, 0, 0, wide);
    light.addColorStop(0, ink?.core ?? "");
    light.addColorStop(1, `${ink?.core ?? ""}00`); // not "transparent": that is black, and would grey the glow
    context.globalAlpha = 0.16 + 0.3 * this.pose.glow * (0.4 + this.loud);
    context.fillStyle = light;
    context.fillRect(-radius, -radius, radius * 2, radius * 2);
    context.globalAlpha = 1;
  }

  /** The half of each orbit that is before the core, or behind it. @param {number} radius @param {boolean} front */
  #orbits(radius, front) {
    const { context, pose } = this;
    const long = radius * 0.88 * pose.reach;
    const short = long * 0.36;
    ORBITS.forEach((tilt, i) => {
      context.save();
      context.rotate(tilt + this.turned * 0.12);
      context.strokeStyle = this.ink?.orbit ?? "";
      context.lineWidth = Math.max(1.5, radius * 0.014);
      context.globalAlpha = front ? 0.75 : 0.3;
      context.beginPath();
      context.ellipse(0, 0, long, short, 0, front ? 0 : Math.PI, front ? Math.PI : 2 * Math.PI);
      context.stroke();
      this.#electron(long, short, this.turned * (1 + i * 0.13) + i * 2.1, front);
      context.restore();
    });
  }

  /** @param {number} long @param {number} short @param {number} angle @param {boolean} front */
  #electron(long, short, angle, front) {
    const { context } = this;
    context.fillStyle = this.ink?.edge ?? "";
    const reach = 0.03 * (1 + this.pose.spin * 0.6);
    for (let i = TRAIL; i >= 0; i--) {
      const at = angle - i * reach;
      if (Math.sin(at) >= 0 !== front) continue;
      const size = long * 0.062 * (1 + 0.25 * Math.sin(at)) * (1 - (i / TRAIL) * 0.75);
      context.globalAlpha = i === 0 ? 1 : 0.32 * (1 - i / TRAIL);
      context.beginPath();
      context.arc(long * Math.cos(at), short * Math.sin(at), size, 0, 2 * Math.PI);
      context.fill();
    }
  }

  /** @param {number} size */
  #core(size) {
    const { context, ink } = this;
    const shade = context.createRadialGradient(-size * 0.35, -size * 0.45, size * 0.1, 0, 0, size * 1.05);
    shade.addColorStop(0, ink?.core ?? "");
    shade.addColorStop(1, ink?.edge ?? "");
    context.globalAlpha = 1;
    context.fillStyle = shade;
    context.beginPath();
    context.arc(0, 0, size, 0, 2 * Math.PI);
    context.fill();
  }

  /** @param {number} size @param {number} now_ms */
  #face(size, now_ms) {
    const { context, pose } = this;
    context.fillStyle = context.strokeStyle = this.ink?.face ?? "";
    context.lineCap = "round";
    context.lineWidth = size * 0.09;
    const open = Math.max(0.06, pose.eyes * lids(now_ms));
    for (const side of [-1, 1]) {
      context.beginPath();
      context.ellipse(side * size * 0.34, size * (-0.12 + pose.look * 0.14), size * 0.1, size * 0.16 * open, 0, 0, 2 * Math.PI);
      context.fill();
    }
    const gape = pose.mouth * this.loud;
    context.beginPath();
    if (gape > 0.12) {
      context.ellipse(0, size * 0.34, size * (0.15 + 0.05 * gape), size * (0.05 + 0.17 * gape), 0, 0, 2 * Math.PI);
      context.fill();
      return;
    }
    context.moveTo(-size * 0.18, size * 0.32);
    context.quadraticCurveTo(0, size * (0.32 + 0.17 * pose.smile), size * 0.18, size * 0.32);
    context.stroke();
  }
}
