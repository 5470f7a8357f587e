// A picture to look at closely: zoom, pan, window and level, invert, full screen; a lesion box to
// draw and move; the models' maps over it. All of it happens in the browser, so that it answers at
// once; what travels to the server is a finished box. Mounted by viewer.py, in parts, so that a
// moved box does not send the picture again:
//   the picture  { viewer, name, marks, views: [{ title, alt, source, width, height, area }] }
//   additions    { viewer, name, adds: "box", box, area, step, smallest }
//                { viewer, name, adds: "maps", area, maps: [{ title, alt, source }],
//                  scale: { alt, source }, opacity }
//                { viewer, name, adds: "detail", part, source, view }
// Regions are [left, top, width, height] in the units of the view's width and height.
//
// Wheel: zoom. Drag: mark where that is on, else move. Right button: window (across) and level
// (down), as on a workstation. Keys, once the picture was clicked: + - zoom, arrows move it, or the
// box where that has the focus (with Shift they change its size), z shows the lesion, i inverts,
// f fills the screen, v changes the view, m hides the map while it is held. Digits are left to the
// page, which takes them as ratings.

const LARGEST_ZOOM = 24;
const NEUTRAL = { level: 50, window: 100, invert: false };
const LESION_SHARE = 0.7; // of the stage that the crop area fills after "Lesion"
const KEY_PAUSE = 500; // milliseconds after the last key that moves a box, until it is sent
let tone = { ...NEUTRAL }; // kept from case to case, as on a workstation
let look = { map: null, opacity: 60, asked: null }; // map: a title, "" for none, null for the last
const viewers = new Map();
const additions = new Map();

export default function ({ data, parentElement, setTriggerValue }) {
  if (data.adds) return add(data, parentElement);
  const viewer = parentElement.querySelector(".viewer");
  if (!viewer.state) {
    viewer.state = { name: null, marking: null };
    listen(viewer);
  }
  const { state } = viewer;
  Object.assign(viewer, { data, send: setTriggerValue });
  viewers.set(data.viewer, viewer);
  if (state.name !== data.name) {
    Object.assign(state, { name: data.name, view: 0, zoom: 1, x: 0, y: 0, box: null, told: null });
  }
  showPicture(viewer);
  return () => {
    if (viewers.get(data.viewer) === viewer) viewers.delete(data.viewer);
  };
}

function add(data, parentElement) {
  parentElement.querySelector(".viewer")?.remove();
  parentElement.host.closest(".stElementContainer").style.display = "none";
  const name = data.viewer + " " + data.adds;
  const show = () => viewers.has(data.viewer) && showAdditions(viewers.get(data.viewer));
  additions.set(name, data);
  show();
  return () => {
    if (additions.get(name) !== data) return;
    additions.delete(name);
    show();
  };
}

function added(viewer, what) {
  const data = additions.get(viewer.data.viewer + " " + what);
  return data && data.name === viewer.state.name ? data : null;
}

function part(viewer, name) {
  return viewer.querySelector("." + name);
}

function shownView(viewer) {
  return viewer.data.views[viewer.state.view];
}

function showPicture(viewer) {
  const { state, data } = viewer;
  const shown = shownView(viewer);
  const picture = part(viewer, "picture");
  if (picture.src !== shown.source) picture.src = shown.source;
  picture.alt = shown.alt;
  const buttons = data.views.map((view, number) =>
    button(view.title, number === state.view, () => chooseView(viewer, number)));
  part(viewer, "views").replaceChildren(...(buttons.length > 1 ? buttons : []));
  part(viewer, "mark").hidden = !data.marks;
  showMarking(viewer);
  showAdditions(viewer);
  applyTone(viewer);
}

function button(words, pressed, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.setAttribute("aria-pressed", pressed);
  made.onclick = act;
  return made;
}

function chooseView(viewer, view) {
  Object.assign(viewer.state, { view, zoom: 1, x: 0, y: 0 });
  showPicture(viewer);
}

// --- what is drawn on the picture

function showAdditions(viewer) {
  const { state } = viewer;
  const given = added(viewer, "box");
  const told = JSON.stringify(given?.box ?? null);
  if (!state.busy && state.told !== told) Object.assign(state, { box: given?.box, told });
  showDetail(viewer, added(viewer, "detail"));
  showMaps(viewer, added(viewer, "maps"));
  place(viewer);
}

function area(viewer) {
  return shownView(viewer).area ?? added(viewer, "box")?.area ?? added(viewer, "maps")?.area;
}

function showDetail(viewer, detail) {
  const picture = part(viewer, "detail");
  picture.hidden = detail?.view !== viewer.state.view;
  if (!picture.hidden) showAt(viewer, picture, detail.part, detail.source);
}

function showMaps(viewer, given) {
  const maps = given?.maps ?? [];
  const chosen = maps.find(({ title }) => title === look.map) ?? (look.map === "" ? null : maps.at(-1));
  const tools = part(viewer, "maps");
  tools.hidden = !maps.length;
  const picture = part(viewer, "map");
  picture.hidden = !chosen;
  if (!maps.length) return;
  const titles = ["", ...maps.map(({ title }) => title)];
  part(viewer, "choices").replaceChildren(...titles.map((title) =>
    button(title || "None", title === (chosen?.title ?? ""), () => {
      look.map = title;
      showMaps(viewer, given);
    })));
  const scale = part(viewer, "scale");
  scale.alt = given.scale.alt;
  if (scale.src !== given.scale.source) scale.src = given.scale.source;
  const opacity = part(viewer, "opacity");
  if (given.opacity !== look.asked) {
    Object.assign(look, { asked: given.opacity, opacity: 100 * (given.opacity ?? 0.6) });
  }
  opacity.value = look.opacity;
  if (!chosen) return;
  picture.alt = chosen.alt;
  picture.style.opacity = look.opacity / 100;
  const { area: own, width, height } = shownView(viewer);
  showAt(viewer, picture, own ?? given.area ?? [0, 0, width, height], chosen.source);
}

function showAt(viewer, element, region, source) {
  const { width, height } = shownView(viewer);
  const lengths = [width, height, width, height];
  ["left", "top", "width", "height"].forEach((side, number) => {
    element.style[side] = (100 * region[number]) / lengths[number] + "%";
  });
  if (source && element.src !== source) element.src = source;
}

function showBoxes(viewer) {
  const { state } = viewer;
  const square = area(viewer);
  const moved = JSON.stringify(state.box ?? null) !== (state.told ?? "null");
  const outline = part(viewer, "area");
  outline.hidden = !square || moved;
  if (square) showAt(viewer, outline, square);
  const box = part(viewer, "box");
  box.hidden = !state.box;
  if (state.box) showAt(viewer, box, state.box);
  part(viewer, "lesion").hidden = !square && !state.box;
}

// --- where the picture is

// The sheet holds the picture at the size that fits the stage; zoom and shift come on top.
function place(viewer) {
  const { state } = viewer;
  const stage = part(viewer, "stage");
  const shown = shownView(viewer);
  const fit = Math.min(stage.clientWidth / shown.width, stage.clientHeight / shown.height);
  state.scale = fit * state.zoom;
  const width = shown.width * state.scale;
  const height = shown.height * state.scale;
  state.x = kept(state.x, stage.clientWidth, width);
  state.y = kept(state.y, stage.clientHeight, height);
  const sheet = part(viewer, "sheet");
  sheet.style.width = width + "px";
  sheet.style.height = height + "px";
  sheet.style.transform = `translate(${state.x}px, ${state.y}px)`;
  stage.classList.toggle("zoomed", state.zoom > 1);
  showBoxes(viewer);
}

// Centre what is smaller than the stage; let what is larger not leave it.
function kept(shift, stage, size) {
  if (size <= stage) return (stage - size) / 2;
  return Math.min(0, Math.max(stage - size, shift));
}

function zoomTo(viewer, zoom, x, y) {
  const { state } = viewer;
  const wanted = Math.min(LARGEST_ZOOM, Math.max(1, zoom));
  const ratio = wanted / state.zoom;
  state.x = x - (x - state.x) * ratio;
  state.y = y - (y - state.y) * ratio;
  state.zoom = wanted;
  place(viewer);
}

function zoomInMiddle(viewer, factor) {
  const stage = part(viewer, "stage");
  zoomTo(viewer, viewer.state.zoom * factor, stage.clientWidth / 2, stage.clientHeight / 2);
}

function showLesion(viewer) {
  const { state } = viewer;
  const region = area(viewer) ?? state.box;
  if (!region) return;
  const stage = part(viewer, "stage");
  const [x, y, width, height] = region;
  const fit = state.scale / state.zoom;
  const shorter = Math.min(stage.clientWidth / width, stage.clientHeight / height);
  state.zoom = Math.min(LARGEST_ZOOM, Math.max(1, (LESION_SHARE * shorter) / fit));
  state.x = stage.clientWidth / 2 - (x + width / 2) * fit * state.zoom;
  state.y = stage.clientHeight / 2 - (y + height / 2) * fit * state.zoom;
  place(viewer);
}

// --- window and level

// Window and level are the line (grey - level) / window + 1/2. CSS has it as two filters, each cut
// to 0..1; their order is chosen so that the first cuts nothing that the second would show.
function toneFilter({ level, window: span, invert }) {
  const middle = level / 100;
  const width = span / 100;
  const lineFilters =
    middle >= width / 2
      ? `brightness(${1 / (2 * middle)}) contrast(${(2 * middle) / width})`
      : `contrast(${1 / (1 + width - 2 * middle)}) brightness(${(1 + width - 2 * middle) / width})`;
  return lineFilters + (invert ? " invert(1)" : "");
}

function applyTone(viewer) {
  for (const name of ["picture", "detail"]) part(viewer, name).style.filter = toneFilter(tone);
  part(viewer, "level").value = tone.level;
  part(viewer, "window").value = tone.window;
  part(viewer, "invert").setAttribute("aria-pressed", tone.invert);
}

function changeTone(viewer, change) {
  tone = { ...tone, ...change };
  tone.level = Math.min(98, Math.max(2, tone.level));
  tone.window = Math.min(200, Math.max(4, tone.window));
  applyTone(viewer);
}

// --- the lesion box

// Until the button is pressed, a mouse marks and a finger scrolls; the button is for both.
function marks(viewer, pointer) {
  return viewer.data.marks && (viewer.state.marking ?? pointer === "mouse");
}

function showMarking(viewer) {
  const { state, data } = viewer;
  const fine = matchMedia("(pointer: fine)").matches ? "mouse" : "touch";
  part(viewer, "mark").setAttribute("aria-pressed", Boolean(marks(viewer, fine)));
  part(viewer, "stage").classList.toggle("marking", Boolean(data.marks && state.marking));
  part(viewer, "stage").classList.toggle("marks", Boolean(marks(viewer, "mouse")));
}

function toggleMarking(viewer, event) {
  const { state } = viewer;
  const pressed = part(viewer, "mark").getAttribute("aria-pressed") === "true";
  const byKey = event.detail === 0;
  state.marking = byKey || !pressed;
  showMarking(viewer);
  if (!byKey) return;
  if (!state.box) {
    const { width, height } = shownView(viewer);
    const side = Math.round(Math.min(width, height) / 5);
    setBox(viewer, [(width - side) / 2, (height - side) / 2, side, side]);
    sendSoon(viewer);
  }
  part(viewer, "box").focus({ preventScroll: true });
}

// Put a box, in whole units and on the picture, without asking for an answer yet.
function setBox(viewer, [x, y, width, height]) {
  const shown = shownView(viewer);
  const least = added(viewer, "box")?.smallest ?? 1;
  const wide = Math.min(shown.width, Math.max(least, Math.round(width)));
  const high = Math.min(shown.height, Math.max(least, Math.round(height)));
  const left = Math.min(shown.width - wide, Math.max(0, Math.round(x)));
  const top = Math.min(shown.height - high, Math.max(0, Math.round(y)));
  viewer.state.box = [left, top, wide, high];
  showBoxes(viewer);
}

function sendBox(viewer) {
  const { state } = viewer;
  clearTimeout(state.busy);
  state.busy = null;
  viewer.send("drawn", state.box);
}

function sendSoon(viewer) {
  const { state } = viewer;
  clearTimeout(state.busy);
  state.busy = setTimeout(() => sendBox(viewer), KEY_PAUSE);
}

function pointOn(viewer, event) {
  const { left, top } = part(viewer, "stage").getBoundingClientRect();
  const { state } = viewer;
  const shown = shownView(viewer);
  const inside = (at, length) => Math.min(length, Math.max(0, at));
  return [
    inside((event.clientX - left - state.x) / state.scale, shown.width),
    inside((event.clientY - top - state.y) / state.scale, shown.height),
  ];
}

// Return how a drag that begins here changes the box, given where it is now; null for no change.
function marker(viewer, start) {
  const { box } = viewer.state;
  const [x, y] = pointOn(viewer, start);
  const corner = start.target.dataset?.corner;
  if (box && corner) {
    const fixed = [corner.includes("w") ? box[0] + box[2] : box[0],
                   corner.includes("n") ? box[1] + box[3] : box[1]];
    return (now) => spanned(fixed, now);
  }
  if (box && start.target.closest(".box")) {
    return (now) => [box[0] + now[0] - x, box[1] + now[1] - y, box[2], box[3]];
  }
  return (now) => spanned([x, y], now);
}

function spanned(one, other) {
  const [left, right] = [one[0], other[0]].sort((a, b) => a - b);
  const [top, bottom] = [one[1], other[1]].sort((a, b) => a - b);
  return [left, top, right - left, bottom - top];
}

function moveByKey(viewer, event) {
  const { box } = viewer.state;
  const step = added(viewer, "box")?.step ?? 1;
  const across = { ArrowLeft: -step, ArrowRight: step }[event.key] ?? 0;
  const down = { ArrowUp: -step, ArrowDown: step }[event.key] ?? 0;
  const [x, y, width, height] = box;
  setBox(viewer, event.shiftKey
    ? [x, y, width + across, height + down]
    : [x + across, y + down, width, height]);
  sendSoon(viewer);
}

// --- mouse, finger and keys

function listen(viewer) {
  const stage = part(viewer, "stage");
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = stage.getBoundingClientRect();
    const factor = Math.exp(-event.deltaY * 0.0015);
    zoomTo(viewer, viewer.state.zoom * factor, event.clientX - left, event.clientY - top);
  }, { passive: false });
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("dblclick", () => chooseView(viewer, viewer.state.view));
  stage.addEventListener("pointerdown", (event) => press(viewer, event));
  const on = (name, deed) => { part(viewer, name).onclick = deed; };
  part(viewer, "level").oninput = (event) => changeTone(viewer, { level: +event.target.value });
  part(viewer, "window").oninput = (event) => changeTone(viewer, { window: +event.target.value });
  part(viewer, "opacity").oninput = (event) => {
    look.opacity = +event.target.value;
    showMaps(viewer, added(viewer, "maps"));
  };
  on("invert", () => changeTone(viewer, { invert: !tone.invert }));
  on("in", () => zoomInMiddle(viewer, 1.5));
  on("out", () => zoomInMiddle(viewer, 1 / 1.5));
  on("full", () => toggleFull(viewer));
  on("lesion", () => showLesion(viewer));
  on("mark", (event) => toggleMarking(viewer, event));
  on("reset", () => {
    changeTone(viewer, NEUTRAL);
    chooseView(viewer, viewer.state.view);
  });
  viewer.addEventListener("keydown", (event) => key(viewer, event));
  viewer.addEventListener("keyup", (event) => event.key === "m" && hideMap(viewer, false));
  viewer.addEventListener("focusout", () => hideMap(viewer, false));
  new ResizeObserver(() => viewer.data && place(viewer)).observe(stage);
}

function hideMap(viewer, hidden) {
  part(viewer, "map").style.visibility = hidden ? "hidden" : "";
}

function toggleFull(viewer) {
  if (document.fullscreenElement) document.exitFullscreen();
  else viewer.requestFullscreen();
}

function press(viewer, start) {
  const focused = start.target.closest(".box") ?? viewer;
  focused.focus({ preventScroll: true });
  const { state } = viewer;
  if (start.button === 2) return follow(viewer, start, toning(viewer));
  if (start.button) return undefined;
  if (marks(viewer, start.pointerType)) return mark(viewer, start);
  if (state.zoom === 1) return undefined;
  const from = { x: state.x, y: state.y };
  return follow(viewer, start, (across, down) => {
    Object.assign(state, { x: from.x + across, y: from.y + down });
    place(viewer);
  });
}

function toning(viewer) {
  const { level, window: span } = tone;
  return (across, down) => changeTone(viewer, { window: span + across / 4, level: level + down / 4 });
}

function mark(viewer, start) {
  const { state } = viewer;
  const changed = marker(viewer, start);
  const before = state.box;
  const least = added(viewer, "box")?.smallest ?? 1;
  clearTimeout(state.busy);
  state.busy = true;
  let drawn = null;
  follow(viewer, start, (across, down, event) => {
    drawn = changed(pointOn(viewer, event));
    setBox(viewer, drawn);
  }, (cancelled) => {
    state.busy = null;
    if (cancelled || !drawn || Math.min(drawn[2], drawn[3]) < least) {
      state.box = before;
      showBoxes(viewer);
    } else sendBox(viewer);
  });
}

function follow(viewer, start, moved, ended = () => {}) {
  const stage = part(viewer, "stage");
  const over = new AbortController();
  const options = { signal: over.signal };
  const end = (cancelled) => {
    over.abort();
    ended(cancelled);
  };
  stage.setPointerCapture(start.pointerId);
  stage.addEventListener("pointermove", (event) =>
    moved(event.clientX - start.clientX, event.clientY - start.clientY, event), options);
  stage.addEventListener("pointerup", () => end(false), options);
  stage.addEventListener("pointercancel", () => end(true), options);
}

function key(viewer, event) {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const { state } = viewer;
  const step = 60;
  const arrow = event.key.startsWith("Arrow");
  const onBox = event.target.classList.contains("box");
  const shift = (x, y) => { state.x += x; state.y += y; place(viewer); };
  const deeds = {
    "+": () => zoomInMiddle(viewer, 1.25),
    "=": () => zoomInMiddle(viewer, 1.25),
    "-": () => zoomInMiddle(viewer, 1 / 1.25),
    i: () => changeTone(viewer, { invert: !tone.invert }),
    f: () => toggleFull(viewer),
    m: () => hideMap(viewer, true),
    v: () => chooseView(viewer, (state.view + 1) % viewer.data.views.length),
    z: () => showLesion(viewer),
    ArrowLeft: () => shift(step, 0),
    ArrowRight: () => shift(-step, 0),
    ArrowUp: () => shift(0, step),
    ArrowDown: () => shift(0, -step),
  };
  const deed = arrow && onBox ? () => moveByKey(viewer, event) : deeds[event.key];
  if (!deed || (arrow && !onBox && state.zoom === 1)) return;
  event.preventDefault();
  event.stopPropagation();
  deed();
}
