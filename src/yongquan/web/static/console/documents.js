// The document's text: a fault's button leads to its line; line numbers scroll along.
(() => {
  const text = document.getElementById('text');
  const numbers = document.querySelector('.doc-numbers');
  if (!text) return;
  const follow = () => { numbers.scrollTop = text.scrollTop; };
  const count = () => {
    const lines = text.value.split('\n').length + 1;
    numbers.textContent = Array.from({ length: lines }, (_, n) => n + 1).join('\n');
    follow();
  };
  // What was typed outlives a switch of the language, in this tab only.
  const kept = `document ${text.form.elements.code.value}`;
  const left = sessionStorage.getItem(kept);
  if (left !== null) { sessionStorage.removeItem(kept); text.value = left; }
  document.querySelector('form[action="/language"]').addEventListener('submit', () => sessionStorage.setItem(kept, text.value));
  // A long season has more inputs than a form may send: only what was changed goes.
  text.form.addEventListener('submit', () => {
    for (const one of text.form.querySelectorAll('[name^="f:"]')) {
      const was = one.options ? [...one.options].find((option) => option.defaultSelected)?.value : one.defaultValue;
      if (one.value === was) one.removeAttribute('name');
    }
  });
  for (const shares of text.form.querySelectorAll('[data-shares]')) {
    const sum = shares.querySelector('[data-sum]');
    const inputs = [...shares.querySelectorAll('input')];
    const fields = [...shares.querySelectorAll('select, input')];
    const before = fields.map((one) => one.value).join('|');
    const add = () => {
      const parts = Math.round(inputs.reduce((all, one) => all + (parseFloat(one.value) || 0), 0) * 100);
      sum.textContent = parts ? `${parts / 100}%` : '';
      sum.classList.toggle('is-short', parts !== 0 && parts !== 10000);
    };
    shares.addEventListener('input', add);
    add();
    text.form.addEventListener('submit', () => {
      if (fields.map((one) => one.value).join('|') === before) for (const one of fields) one.removeAttribute('name');
    });
  }
  text.addEventListener('scroll', follow);
  text.addEventListener('input', count);
  count();
  for (const button of document.querySelectorAll('[data-line]')) {
    button.addEventListener('click', () => {
      const lines = text.value.split('\n');
      const line = Number(button.dataset.line) - 1;
      const start = lines.slice(0, line).join('\n').length + (line > 0 ? 1 : 0);
      text.focus();
      text.setSelectionRange(start, start + (lines[line] || '').length);
      text.scrollTop = (line - 5) * parseFloat(getComputedStyle(text).lineHeight);
    });
  }
})();
