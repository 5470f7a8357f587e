// What test_accessibility.py asks of a page in the browser.
window.mammoLooks = {
  // What axe-core says against the page, and the letters that it cannot judge, with their place.
  async judge(rules) {
    const options = { elementRef: true, resultTypes: ["violations", "incomplete"] };
    if (rules) options.runOnly = rules;
    const found = await axe.run(document, options);
    const said = found.violations.flatMap((rule) =>
      rule.nodes.map((node) => {
        const checks = node.any.concat(node.all, node.none);
        return [rule.id, node.html.slice(0, 160), checks.map((check) => check.message).join(" ")];
      }));
    const unsure = found.incomplete
      .filter((rule) => rule.id === "color-contrast")
      .flatMap((rule) => rule.nodes.map((node) => node.element));
    const words = document.querySelectorAll(".js-plotly-plot text");
    const letters = [...new Set([...words, ...unsure])].map(this.letters);
    return [said, letters.filter((one) => one.width > 2 && one.height > 2)];
  },

  letters(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const { x, y, width, height } = range.getBoundingClientRect();
    const style = getComputedStyle(element);
    const drawn = element.namespaceURI.endsWith("svg");
    let opacity = drawn ? +style.fillOpacity : 1;
    for (let one = element; one; one = one.parentElement ?? one.getRootNode().host) {
      opacity *= getComputedStyle(one).opacity;
    }
    return {
      x, y, width, height, opacity,
      colour: drawn ? style.fill : style.color,
      size: parseFloat(style.fontSize),
      weight: +style.fontWeight,
      text: element.textContent,
    };
  },

  // The jumps of the page but for Streamlit's own: its sidebar comes late, and pushes sideways.
  shifts() {
    const sideways = ({ previousRect, currentRect }) =>
      previousRect.width && currentRect.x !== previousRect.x;
    return new Promise((done) => {
      new PerformanceObserver((list) => {
        const own = list.getEntries()
          .filter((shift) => !shift.hadRecentInput && !shift.sources.some(sideways));
        done(own.reduce((sum, shift) => sum + shift.value, 0));
      }).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => done(0), 1000);
    });
  },

  // Charts and tables that nothing names.
  nameless(charts) {
    const named = (one) => one.ariaLabel || one.getAttribute("aria-labelledby");
    return [...document.querySelectorAll(charts)]
      .filter((chart) => ![chart, ...chart.querySelectorAll("*")].some(named))
      .map((chart) => chart.outerHTML.slice(0, 300));
  },
};
