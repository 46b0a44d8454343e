// @ts-check
/** Where the page keeps what it keeps: the browser's storage, or memory where that is forbidden or shared. */

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store */

/** Forgets with the page: for a kiosk, whose next learner is another one. @returns {Store} */
export function memory() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** For as long as the tab is open. @returns {Store} */
export function sessionStore() {
  try {
    sessionStorage.getItem("");
    return sessionStorage;
  } catch {
    return memory();
  }
}

/** @param {string} path of the page @returns {Store} */
export function storeFor(path) {
  if (path === "/kiosk") return memory();
  try {
    localStorage.getItem("");
    return localStorage;
  } catch {
    return memory(); // a browser that forbids storage still talks
  }
}
