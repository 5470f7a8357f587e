// A picture to look at closely: zoom, pan, window and level, invert. All of it happens in the
// browser, so that it answers at once and nothing travels. Mounted by viewer.py; `data` holds
// `name` (which case) and `pictures`, each { title, alt, source, width, height, box }, where box is
// null or [left, top, width, height] as shares of the picture.
//
// Wheel: zoom. Drag: move. Drag with the right button: window (across) and level (down), as on a
// workstation. Keys, once the picture was clicked: + - zoom, arrows move, i inverts, f fills
// the screen, v changes the view. Digits are left to the page, which takes them as ratings.

const LARGEST_ZOOM = 12;
const NEUTRAL = { level: 50, window: 100, invert: false };
let tone = { ...NEUTRAL }; // kept from case to case, as on a workstation

export default function ({ data, parentElement }) {
  const viewer = parentElement.querySelector(".viewer");
  if (!viewer.state) {
    viewer.state = { name: null, view: 0, zoom: 1, x: 0, y: 0 };
    listen(viewer);
  }
  const state = viewer.state;
  state.pictures = data.pictures;
  if (state.name !== data.name) Object.assign(state, { name: data.name, view: 0, zoom: 1, x: 0, y: 0 });
  showPicture(viewer);
  return () => {};
}

function part(viewer, name) {
  return viewer.querySelector("." + name);
}

function showPicture(viewer) {
  const { state } = viewer;
  const shown = state.pictures[state.view];
  const picture = part(viewer, "picture");
  if (picture.src !== shown.source) picture.src = shown.source;
  picture.alt = shown.alt;
  const box = part(viewer, "box");
  box.hidden = !shown.box;
  if (shown.box) {
    ["left", "top", "width", "height"].forEach((side, place) => {
      box.style[side] = 100 * shown.box[place] + "%";
    });
  }
  const views = part(viewer, "views");
  views.replaceChildren();
  if (state.pictures.length > 1) {
    state.pictures.forEach((one, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = one.title;
      button.setAttribute("aria-pressed", place === state.view);
      button.onclick = () => chooseView(viewer, place);
      views.append(button);
    });
  }
  place(viewer);
  applyTone(viewer);
}

function chooseView(viewer, view) {
  Object.assign(viewer.state, { view, zoom: 1, x: 0, y: 0 });
  showPicture(viewer);
}

// The sheet holds the picture at the size that fits the stage; zoom and shift come on top.
function place(viewer) {
  const { state } = viewer;
  const stage = part(viewer, "stage");
  const shown = state.pictures[state.view];
  const fit = Math.min(stage.clientWidth / shown.width, stage.clientHeight / shown.height);
  const width = shown.width * fit * state.zoom;
  const height = shown.height * fit * state.zoom;
  state.x = kept(state.x, stage.clientWidth, width);
  state.y = kept(state.y, stage.clientHeight, height);
  const sheet = part(viewer, "sheet");
  sheet.style.width = width + "px";
  sheet.style.height = height + "px";
  sheet.style.transform = `translate(${state.x}px, ${state.y}px)`;
  stage.classList.toggle("zoomed", state.zoom > 1);
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
  part(viewer, "picture").style.filter = toneFilter(tone);
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
  stage.addEventListener("pointerdown", (event) => {
    viewer.focus({ preventScroll: true });
    drag(viewer, event);
  });
  part(viewer, "level").oninput = (event) => changeTone(viewer, { level: +event.target.value });
  part(viewer, "window").oninput = (event) => changeTone(viewer, { window: +event.target.value });
  part(viewer, "invert").onclick = () => changeTone(viewer, { invert: !tone.invert });
  part(viewer, "in").onclick = () => zoomInMiddle(viewer, 1.5);
  part(viewer, "out").onclick = () => zoomInMiddle(viewer, 1 / 1.5);
  part(viewer, "full").onclick = () => toggleFull(viewer);
  part(viewer, "reset").onclick = () => {
    changeTone(viewer, NEUTRAL);
    chooseView(viewer, viewer.state.view);
  };
  viewer.addEventListener("keydown", (event) => key(viewer, event));
  new ResizeObserver(() => place(viewer)).observe(stage);
}

function toggleFull(viewer) {
  if (document.fullscreenElement) document.exitFullscreen();
  else viewer.requestFullscreen();
}

function drag(viewer, start) {
  const stage = part(viewer, "stage");
  const { state } = viewer;
  const toning = start.button === 2;
  if (!toning && state.zoom === 1) return;
  const from = { x: state.x, y: state.y, level: tone.level, window: tone.window };
  const move = (event) => {
    const across = event.clientX - start.clientX;
    const down = event.clientY - start.clientY;
    if (toning) {
      changeTone(viewer, { window: from.window + across / 4, level: from.level + down / 4 });
    } else {
      state.x = from.x + across;
      state.y = from.y + down;
      place(viewer);
    }
  };
  const stop = () => {
    stage.removeEventListener("pointermove", move);
    stage.removeEventListener("pointerup", stop);
    stage.removeEventListener("pointercancel", stop);
  };
  stage.setPointerCapture(start.pointerId);
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", stop);
  stage.addEventListener("pointercancel", stop);
}

function key(viewer, event) {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const { state } = viewer;
  const step = 60;
  const shift = (x, y) => { state.x += x; state.y += y; place(viewer); };
  const deeds = {
    "+": () => zoomInMiddle(viewer, 1.25),
    "=": () => zoomInMiddle(viewer, 1.25),
    "-": () => zoomInMiddle(viewer, 1 / 1.25),
    i: () => changeTone(viewer, { invert: !tone.invert }),
    f: () => toggleFull(viewer),
    v: () => chooseView(viewer, (state.view + 1) % state.pictures.length),
    ArrowLeft: () => shift(step, 0),
    ArrowRight: () => shift(-step, 0),
    ArrowUp: () => shift(0, step),
    ArrowDown: () => shift(0, -step),
  };
  const deed = deeds[event.key];
  if (!deed || (event.key.startsWith("Arrow") && state.zoom === 1)) return;
  event.preventDefault();
  event.stopPropagation();
  deed();
}
