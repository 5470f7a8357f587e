// The page on which a student trains the network of network.js, whose source is the constant WORKER
// that crops.py puts in front. `data` is { key, toy, side, columns, sprite, training, rows }: the
// sprite holds a grey crop for each row { case, patient, label, released }, those of the training
// first. Everything else happens here and in a Web Worker; nothing is sent to the server.

const SHOWN_WRONG = 8;
const SPOKEN_EVERY = 5; // epochs between two announcements to a screen reader
const FRAME = { left: 34, right: 326, top: 10, bottom: 178 };
const TITLES = { loss: "training loss", checkLoss: "validation loss", auc: "AUC" };
const CLASSES = ["benign", "malignant"];

export default function ({ data, parentElement }) {
  const lab = parentElement.querySelector(".lab");
  if (!lab.runs) {
    part(lab, "choices").onsubmit = (event) => {
      event.preventDefault();
      start(lab);
    };
    part(lab, "stop").onclick = () => lab.worker?.postMessage("stop");
  }
  if (lab.data?.key !== data.key) {
    end(lab);
    Object.assign(lab, { data, runs: [], pixels: pixelsOf(data) });
    for (const choice of ["patients", "split"]) lab.querySelector(`[name=${choice}]`).closest("label").hidden = data.toy;
    for (const named of lab.querySelectorAll(".measure")) named.textContent = measure(data);
    part(lab, "tested").hidden = data.rows.length === data.training;
    show(lab);
  }
  return () => setTimeout(() => lab.isConnected || end(lab));
}

function part(lab, name) {
  return lab.querySelector("." + name);
}

function made(tag, words = "", more = {}) {
  return Object.assign(document.createElement(tag), { textContent: words, ...more });
}

const measure = ({ toy }) => (toy ? "AUC on the training crops" : "Validation AUC");
const fixed = (value) => value.toFixed(2).replace("-0.00", "0.00").replace("-", "\u2212");
function estimate(figure) {
  if (!figure) return "not defined";
  const { value, low, high } = figure;
  return fixed(value) + (Number.isNaN(low) ? "" : ` (${fixed(low)} to ${fixed(high)})`);
}

// Return the grey levels of the sprite's crops, row by row, uint8.
async function pixelsOf({ sprite, side, columns, rows }) {
  const picture = new Image();
  picture.src = sprite;
  await picture.decode();
  const canvas = made("canvas", "", { width: picture.width, height: picture.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const pixels = new Uint8Array(rows.length * side * side);
  rows.forEach((_, row) => {
    const { data } = context.getImageData((row % columns) * side, Math.floor(row / columns) * side, side, side);
    for (let i = 0; i < side * side; i++) pixels[row * side * side + i] = data[4 * i];
  });
  return pixels;
}

// --- a run

async function start(lab) {
  if (lab.worker) return;
  const { data, runs } = lab;
  const form = new FormData(part(lab, "choices"));
  const settings = { side: data.side, toy: data.toy, augmentation: form.get("augmentation"), byPatient: form.get("split") === "patient" };
  for (const name of ["patients", "rate", "epochs", "dropout", "wrong", "seed"]) settings[name] = +form.get(name);
  const address = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  const run = { number: runs.length + 1, settings, history: [], began: performance.now() };
  Object.assign(lab, { worker, runs: [...runs, run] });
  worker.onmessage = ({ data: message }) => {
    Object.assign(run, { seconds: (performance.now() - run.began) / 1000 }, message);
    if (message.epoch) run.history.push(message);
    if (message.ended) end(lab);
    show(lab);
    announce(lab, run, message);
  };
  worker.onerror = (error) => {
    end(lab);
    part(lab, "status").textContent = `The training stopped: ${error.message}. Reload the page and press Train.`;
  };
  show(lab);
  const { rows, training } = data;
  worker.postMessage({ pixels: await lab.pixels, rows, training, settings });
}

function end(lab) {
  lab.worker?.terminate();
  lab.worker = null;
}

function announce(lab, run, { epoch, ended }) {
  if (!ended && epoch !== 1 && epoch % SPOKEN_EVERY) return;
  part(lab, "spoken").textContent = part(lab, "status").textContent + (ended ? " " + part(lab, "verdict").textContent : "");
}

function statusOf(lab, run) {
  const { history, settings, parts, shared } = run;
  if (!parts) return `Run ${run.number}: starting.`;
  const crops = lab.data.toy ? `${parts.train.length} crops.`
    : `${parts.train.length} training crops, ${parts.check.length} validation crops; ${shared} of these are from patients in training.`;
  const last = history.at(-1);
  const state = !last ? "first epoch" : `epoch ${last.epoch} of ${settings.epochs}, loss ${fixed(last.loss)}, ${measure(lab.data).replace("V", "v")} ${estimate(last.auc)}`;
  const done = run.ended && last?.epoch !== settings.epochs ? " (stopped)" : "";
  return `Run ${run.number}: ${state}${done}. ${crops}`;
}

// --- what is shown

function show(lab) {
  const { data, runs, worker } = lab;
  const run = runs.at(-1);
  part(lab, "train").disabled = Boolean(worker);
  part(lab, "stop").disabled = !worker;
  part(lab, "status").textContent = run ? statusOf(lab, run) : "No run yet. Press Train.";
  part(lab, "verdict").textContent = run?.ended ? verdict(run) : "";
  lab.querySelector("progress").value = run ? run.history.length / run.settings.epochs : 0;
  const losses = runs.flatMap(({ history }) => history.flatMap(({ loss, checkLoss }) => [loss, checkLoss]));
  draw(lab, "loss", Math.min(3, Math.max(1, ...losses)), data.toy ? ["loss"] : ["loss", "checkLoss"]);
  draw(lab, "auc", 1, ["auc"]);
  part(lab, "lines").hidden = data.toy;
  part(lab, "seen").hidden = !run?.history.length;
  part(lab, "scrolls").hidden = !run;
  if (run?.history.length) {
    showFilters(lab, run.history.at(-1).filters);
    showWrong(lab, run);
  }
  const released = runs.findLast(({ test }) => test?.released)?.test.released;
  const rows = runs.map(({ number, settings, history, test, seconds }) =>
    [number, inWords(settings), history.length ? estimate(history.at(-1).auc) : "", test ? estimate(test.own) : "", seconds ? seconds.toFixed(0) : ""]);
  if (released) rows.push(["", "Released simple CNN, same test crops", "", estimate(released), ""]);
  lab.querySelector("tbody").replaceChildren(...rows.map((cells) => {
    const row = made("tr");
    row.append(...cells.map((words, at) => made("td", words, { hidden: at === 3 && part(lab, "tested").hidden })));
    return row;
  }));
}

function inWords({ toy, patients, byPatient, rate, epochs, augmentation, dropout, wrong, seed }) {
  const rows = toy ? "ten examples" : `${patients} patients, split by ${byPatient ? "patient" : "row"}`;
  const turned = { none: "no augmentation", flips: "flips", rotation: "flips and rotation" }[augmentation];
  return `${rows}; rate ${rate}; ${epochs} epochs; ${turned}; dropout ${dropout}; ${100 * wrong}% wrong labels; seed ${seed}`;
}

function verdict({ number, test }) {
  if (!test) return "";
  const { own, released, difference, crops, patients } = test;
  const first = `Run ${number}: test AUC ${estimate(own)} on ${crops} test crops of ${patients} patients.`;
  if (!released) return first;
  const clear = difference.low > 0 || difference.high < 0;
  return `${first} The released simple CNN reaches ${estimate(released)} on the same crops. `
    + `Difference ${estimate(difference)}${clear ? "" : ": not statistically significant"}.`;
}

// Draw lines of all runs, the last in colour and the others in grey, each with its run's number.
function draw(lab, name, high, series) {
  const { runs } = lab;
  const { left, right, top, bottom } = FRAME;
  const most = Math.max(10, ...runs.map(({ settings }) => settings.epochs));
  const across = (epoch) => left + ((right - left) * epoch) / most;
  const down = (value) => bottom - ((bottom - top) * Math.min(high, value)) / high;
  const text = (x, y, words, anchor) => `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
  const drawn = [0, high / 2, high].map((value) =>
    `<line x1="${left}" x2="${right}" y1="${down(value)}" y2="${down(value)}"/>` + text(left - 4, down(value) + 4, value.toFixed(1), "end"));
  if (name === "auc") drawn.push(text(right, down(0.5) + 14, "0.5: chance", "end"));
  drawn.push(text(left, 194, "0", "middle"), text(right, 194, `${most} epochs`, "end"));
  const said = [];
  for (const run of runs) {
    const latest = run === runs.at(-1);
    series.forEach((key, second) => {
      if (!latest && second) return; // of earlier runs the first line is enough
      const points = run.history.map((epoch) => [epoch.epoch, epoch[key]?.value ?? epoch[key]]).filter(([, value]) => value !== null);
      if (!points.length) return;
      const [epoch, value] = points.at(-1);
      const look = (latest ? "" : "earlier ") + (second ? "second" : "");
      drawn.push(`<polyline class="${look}" points="${points.map(([x, y]) => `${across(x).toFixed(1)},${down(y).toFixed(1)}`).join(" ")}"/>`);
      if (!second) drawn.push(text(across(epoch) + 4, down(value) + 4, run.number, "start"));
      said.push(`run ${run.number}, ${TITLES[key]}: ${fixed(value)} after epoch ${epoch}`);
    });
  }
  const figure = part(lab, name);
  figure.innerHTML = drawn.join("");
  figure.setAttribute("aria-label", `${name === "auc" ? measure(lab.data) : "Loss"}. ${said.join("; ") || "No run yet"}`);
}

// Draw grey levels, a function of the pixel's number, on a new square canvas.
function picture(side, grey, words) {
  const canvas = made("canvas", "", { width: side, height: side, role: "img", ariaLabel: words });
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) image.data.set([grey(i), grey(i), grey(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function showFilters(lab, filters) {
  const most = Math.max(...filters.map(Math.abs));
  const tiles = [...Array(filters.length / 9).keys()].map((filter) =>
    picture(3, (i) => 127.5 * (1 + filters[9 * filter + i] / most), `Filter ${filter + 1}`));
  part(lab, "filters").replaceChildren(...tiles, made("span", "Bright: positive weight. Dark: negative."));
}

async function showWrong(lab, { parts, p }) {
  const { rows, side, toy } = lab.data;
  const pixels = await lab.pixels;
  const wrong = parts.check
    .map((row, at) => ({ row, p: p[at], by: Math.abs(p[at] - rows[row].label) }))
    .filter(({ by }) => by > 0.5).sort((one, other) => other.by - one.by);
  part(lab, "count").textContent = `Wrong at threshold 0.5: ${wrong.length} of ${parts.check.length} ${toy ? "" : "validation "}crops`;
  part(lab, "wrong").replaceChildren(...wrong.slice(0, SHOWN_WRONG).map(({ row, p: found }) => {
    const words = `Recorded ${CLASSES[rows[row].label]}, p ${fixed(found)}`;
    const shown = made("span");
    shown.append(picture(side, (i) => pixels[row * side * side + i], `${rows[row].case}. ${words}`), words);
    return shown;
  }));
}
