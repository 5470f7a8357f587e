// The network that a student trains, in a Web Worker of the student's browser: two convolutions,
// each with ReLU and max pooling, then dropout and one dense unit; binary cross-entropy, Adam.
// No library. page.js starts it with { pixels, rows, training, settings }, `training` being how many
// of the rows come before those of the test. It answers with the split, the state after each epoch,
// and at the end the test; the message "stop" ends the training after the batch.
//
// Images are laid out as [y, x, channel], kernels as [filter, y, x, channel]; weights are [kernel 1,
// bias 1, kernel 2, bias 2, dense kernel, dense bias]. The tests compare loss and gradients with
// Keras, AUC and intervals with mammo.evaluation.

const KERNEL = 3;
const FILTERS = [8, 16];
const POOLS = [2, 4];
const BATCH = 16;

// Return a generator of numbers in [0, 1) that repeats with its seed (mulberry32).
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(items, random) {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// --- the network

function convolution(side, inputs, filters, pool) {
  const pooled = side / pool;
  return {
    side, inputs, filters, pool, pooled,
    padded: new Float64Array((side + 2) * (side + 2) * inputs),
    output: new Float64Array(pooled * pooled * filters),
    largest: new Int32Array(pooled * pooled * filters), // where in the padded input its patch begins
    below: new Float64Array((side + 2) * (side + 2) * inputs), // gradient of the padded input
  };
}

function buildNetwork(side, seed) {
  const layers = [];
  let [size, inputs] = [side, 1];
  FILTERS.forEach((filters, level) => {
    layers.push(convolution(size, inputs, filters, POOLS[level]));
    [size, inputs] = [size / POOLS[level], filters];
  });
  const cells = size * size * inputs;
  const random = seeded(seed);
  const weights = [];
  for (const [count, fanIn] of [
    ...layers.map((layer) => [KERNEL * KERNEL * layer.inputs * layer.filters, KERNEL * KERNEL * layer.inputs]),
    [cells, 2 * cells],
  ]) {
    weights.push(Float64Array.from({ length: count }, () => Math.sqrt(2 / fanIn) * normal(random)));
    weights.push(new Float64Array(layers[weights.length >> 1]?.filters ?? 1));
  }
  const zeros = () => weights.map((part) => new Float64Array(part.length));
  return { side, layers, weights, cells, gradients: zeros(), mean: zeros(), square: zeros(), steps: 0,
           masked: new Float64Array(cells) };
}

// Convolve with zero padding, store each pool's largest value, cut at 0. Four filters at a time, as
// each is then read once: three times as fast.
function convolve(layer, input, kernel, bias) {
  const { side, inputs, filters, pool, pooled, padded, output, largest } = layer;
  const width = (side + 2) * inputs;
  const span = KERNEL * inputs;
  const size = KERNEL * span;
  for (let y = 0; y < side; y++) {
    padded.set(input.subarray(y * side * inputs, (y + 1) * side * inputs), (y + 1) * width + inputs);
  }
  output.fill(0);
  const keep = (cell, sum, start) => {
    if (sum > output[cell]) {
      output[cell] = sum;
      largest[cell] = start;
    }
  };
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const start = y * width + x * inputs;
      const cell = (Math.floor(y / pool) * pooled + Math.floor(x / pool)) * filters;
      for (let filter = 0; filter < filters; filter += 4) {
        let [a, b, c, d] = [bias[filter], bias[filter + 1], bias[filter + 2], bias[filter + 3]];
        for (let row = 0; row < KERNEL; row++) {
          const at = filter * size + row * span;
          const from = start + row * width;
          for (let i = 0; i < span; i++) {
            const value = padded[from + i];
            a += value * kernel[at + i];
            b += value * kernel[at + size + i];
            c += value * kernel[at + 2 * size + i];
            d += value * kernel[at + 3 * size + i];
          }
        }
        keep(cell + filter, a, start);
        keep(cell + filter + 1, b, start);
        keep(cell + filter + 2, c, start);
        keep(cell + filter + 3, d, start);
      }
    }
  }
  return output;
}

// Add the gradients of a convolution's weights; return that of its input, if it is wanted.
function convolveBack(layer, above, kernel, kernelGradient, biasGradient, wanted) {
  const { side, inputs, filters, output, largest, padded, below } = layer;
  const width = (side + 2) * inputs;
  const span = KERNEL * inputs;
  below.fill(0);
  for (let cell = 0; cell < output.length; cell++) {
    const slope = above[cell];
    if (output[cell] === 0 || slope === 0) continue; // ReLU passes nothing back where it is 0
    const filter = cell % filters;
    biasGradient[filter] += slope;
    for (let row = 0; row < KERNEL; row++) {
      const from = largest[cell] + row * width;
      for (let i = 0; i < span; i++) {
        const at = (filter * KERNEL + row) * span + i;
        kernelGradient[at] += slope * padded[from + i];
        if (wanted) below[from + i] += slope * kernel[at];
      }
    }
  }
  if (!wanted) return null;
  const inside = new Float64Array(side * side * inputs);
  for (let y = 0; y < side; y++) {
    const from = (y + 1) * width + inputs;
    inside.set(below.subarray(from, from + side * inputs), y * side * inputs);
  }
  return inside;
}

// Return the logit of a crop, float64 [side * side] in -1..1; `drop` is the share of cells left out.
function forward(network, crop, drop = 0, random = null) {
  const { layers, weights, masked } = network;
  let signal = crop;
  layers.forEach((layer, level) => {
    signal = convolve(layer, signal, weights[2 * level], weights[2 * level + 1]);
  });
  let logit = weights[5][0];
  for (let cell = 0; cell < signal.length; cell++) {
    masked[cell] = drop && random() < drop ? 0 : 1 / (1 - drop);
    logit += signal[cell] * masked[cell] * weights[4][cell];
  }
  return logit;
}

// Add the gradients of one crop's loss, whose slope at the logit is given; call after `forward`.
function backward(network, slope) {
  const { layers, weights, gradients, masked, cells } = network;
  const last = layers.at(-1).output;
  let above = new Float64Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    gradients[4][cell] += slope * masked[cell] * last[cell];
    above[cell] = slope * masked[cell] * weights[4][cell];
  }
  gradients[5][0] += slope;
  for (let level = layers.length - 1; level >= 0; level--) {
    above = convolveBack(layers[level], above, weights[2 * level], gradients[2 * level],
                         gradients[2 * level + 1], level > 0);
  }
}

const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

function crossEntropy(logit, label) {
  return Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));
}

// Put the mean gradients of a batch into the network; return its mean loss.
function lossAndGradients(network, crops, labels, drop = 0, random = null) {
  network.gradients.forEach((part) => part.fill(0));
  let loss = 0;
  crops.forEach((crop, number) => {
    const logit = forward(network, crop, drop, random);
    loss += crossEntropy(logit, labels[number]) / crops.length;
    backward(network, (sigmoid(logit) - labels[number]) / crops.length);
  });
  return loss;
}

// Adam (Kingma & Ba 2015, arXiv 1412.6980).
function step(network, rate) {
  const { weights, gradients, mean, square } = network;
  network.steps += 1;
  const scaled = rate * Math.sqrt(1 - 0.999 ** network.steps) / (1 - 0.9 ** network.steps);
  weights.forEach((part, number) => {
    const [slope, first, second] = [gradients[number], mean[number], square[number]];
    for (let i = 0; i < part.length; i++) {
      first[i] = 0.9 * first[i] + 0.1 * slope[i];
      second[i] = 0.999 * second[i] + 0.001 * slope[i] * slope[i];
      part[i] -= scaled * first[i] / (Math.sqrt(second[i]) + 1e-7);
    }
  });
}

// --- the crops

// Return crop `row` of uint8 pixels as float64 in -1..1, turned and mirrored where asked.
function cropOf(pixels, row, side, augmentation = "none", random = null) {
  const crop = new Float64Array(side * side);
  const start = row * side * side;
  const mirror = augmentation !== "none" && random() < 0.5 ? -1 : 1;
  const flip = augmentation !== "none" && random() < 0.5 ? -1 : 1;
  const angle = augmentation === "rotation" ? 2 * Math.PI * random() : 0;
  const [cosine, sine, middle] = [Math.cos(angle), Math.sin(angle), (side - 1) / 2];
  const within = (place) => Math.min(side - 1, Math.max(0, place));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [across, down] = [mirror * (x - middle), flip * (y - middle)];
      const from = [within(middle + cosine * across - sine * down), within(middle + sine * across + cosine * down)];
      const [left, top] = from.map((place) => Math.min(side - 2, Math.floor(place)));
      const [right, bottom] = [from[0] - left, from[1] - top];
      const at = start + top * side + left;
      const grey = (1 - bottom) * ((1 - right) * pixels[at] + right * pixels[at + 1])
        + bottom * ((1 - right) * pixels[at + side] + right * pixels[at + side + 1]);
      crop[y * side + x] = grey / 127.5 - 1;
    }
  }
  return crop;
}

// Divide rows { patient, label } into training and validation: a quarter of the patients, or of the
// rows, is held out. Only the first `count` patients are used; rows are in an order at random.
function divide(rows, { byPatient, patients: count, seed }) {
  const patients = [...new Set(rows.map(({ patient }) => patient))].slice(0, count);
  const used = [...rows.keys()].filter((row) => patients.includes(rows[row].patient));
  const groups = byPatient ? patients : used;
  const held = new Set(shuffled(groups, seeded(seed)).slice(0, Math.round(groups.length / 4)));
  const isHeld = (row) => held.has(byPatient ? rows[row].patient : row);
  return { train: used.filter((row) => !isHeld(row)), check: used.filter(isHeld) };
}

// --- the figures

// Return the AUC of each score of the same cases, and their covariance: DeLong 1988, clustered by
// patient after Obuchowski 1997, as mammo.evaluation.delong; null where it is undefined.
function aucs(labels, patients, ...scores) {
  const [malignant, benign] = [1, 0].map((label) => [...labels.keys()].filter((row) => labels[row] === label));
  const [m, n] = [malignant.length, benign.length];
  if (!m || !n) return null;
  const wins = (high, low) => (high > low ? 1 : high === low ? 0.5 : 0);
  const parts = scores.map((score) => {
    const above = malignant.map((i) => benign.reduce((sum, j) => sum + wins(score[i], score[j]), 0) / n);
    const below = benign.map((j) => malignant.reduce((sum, i) => sum + wins(score[i], score[j]), 0) / m);
    const area = above.reduce((sum, part) => sum + part, 0) / m;
    const sums = (members, values) => {
      const byPatient = new Map();
      members.forEach((row, number) => byPatient.set(patients[row],
        (byPatient.get(patients[row]) ?? 0) + values[number] - area));
      return byPatient;
    };
    return { area, found: sums(malignant, above), quiet: sums(benign, below) };
  });
  const everyone = new Set(patients).size;
  // Undefined, so NaN, where a class has a single patient.
  const product = (one, other, count) => {
    let total = 0;
    for (const [patient, sum] of one) total += sum * (other.get(patient) ?? 0);
    return (count / (count - 1)) * total;
  };
  const covariance = (one, other) =>
    product(one.found, other.found, one.found.size) / m ** 2
    + product(one.quiet, other.quiet, one.quiet.size) / n ** 2
    + (product(one.found, other.quiet, everyone) + product(other.found, one.quiet, everyone)) / (m * n);
  return { areas: parts.map(({ area }) => area),
           covariance: parts.map((one) => parts.map((other) => covariance(one, other))) };
}

// Return a figure with its 95% interval, cut to what it can be.
function interval(value, variance, least = 0) {
  const reach = 1.959963984540054 * Math.sqrt(Math.max(0, variance));
  return { value, low: Math.max(least, value - reach), high: Math.min(1, value + reach) };
}

// Return the AUC of logits of some rows; where all have a `released` score, its AUC and the gain too.
function compare(rows, logits) {
  const scores = rows.every(({ released }) => released !== null) ? [logits, rows.map(({ released }) => released)] : [logits];
  const found = aucs(rows.map(({ label }) => label), rows.map(({ patient }) => patient), ...scores);
  if (!found) return null;
  const [[own, shared], [, other]] = [found.covariance[0], found.covariance[1] ?? []];
  const compared = {
    own: interval(found.areas[0], own),
    crops: rows.length,
    patients: new Set(rows.map(({ patient }) => patient)).size,
  };
  if (scores.length === 1) return compared;
  const [area, released] = found.areas;
  return { ...compared, released: interval(released, other),
           difference: interval(area - released, own + other - 2 * shared, -1) };
}

// --- a training

// Train on rows { patient, label, released } with their uint8 pixels; yield the state of each epoch.
async function* train({ pixels, rows, settings }, { train: learned, check }, stopped) {
  const { side, rate, epochs, dropout, augmentation, wrong, seed } = settings;
  const random = seeded(seed + 1);
  const network = buildNetwork(side, seed);
  const turned = new Set(shuffled(learned, random).slice(0, Math.round(wrong * learned.length)));
  const label = (row) => (turned.has(row) ? 1 - rows[row].label : rows[row].label);
  const score = (members) => members.map((row) => forward(network, cropOf(pixels, row, side)));
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = shuffled(learned, random);
    let loss = 0;
    for (let start = 0; start < order.length; start += BATCH) {
      await new Promise((resolve) => setTimeout(resolve)); // lets the message "stop" in
      if (stopped()) return;
      const batch = order.slice(start, start + BATCH);
      const crops = batch.map((row) => cropOf(pixels, row, side, augmentation, random));
      loss += lossAndGradients(network, crops, batch.map(label), dropout, random) * batch.length;
      step(network, rate);
    }
    const logits = score(check);
    yield {
      epoch,
      loss: loss / order.length,
      checkLoss: logits.reduce((sum, logit, at) => sum + crossEntropy(logit, rows[check[at]].label), 0) / check.length,
      auc: compare(check.map((row) => ({ ...rows[row], released: null })), logits)?.own ?? null,
      p: logits.map(sigmoid),
      filters: network.weights[0].slice(),
      score,
    };
  }
}

async function run(job, stopped, post) {
  const { rows, settings, training } = job;
  const known = rows.slice(0, training);
  const all = [...known.keys()];
  const parts = settings.toy ? { train: all, check: all } : divide(known, settings);
  const trained = new Set(parts.train.map((row) => rows[row].patient));
  post({ parts, shared: parts.check.filter((row) => trained.has(rows[row].patient)).length });
  const test = [...rows.keys()].slice(training);
  let score = null;
  for await (const { score: latest, ...shown } of train(job, parts, stopped)) {
    score = latest;
    post(shown);
  }
  post({ ended: true, test: score && test.length ? compare(test.map((row) => rows[row]), score(test)) : null });
}

if (typeof WorkerGlobalScope !== "undefined") {
  let stop = false;
  self.onmessage = ({ data }) => {
    if (data === "stop") stop = true;
    else run(data, () => stop, (message) => self.postMessage(message));
  };
}
