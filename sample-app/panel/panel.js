// The panel's page. What changes is written as text; there is nothing to build.

const modes = {
  ok: 'Works',
  fail: 'Fails',
  slow: 'Slow',
  hang: 'Hangs',
};
/** Longer than a slow call's duration, shorter than what the shop waits. */
const slowMs = 700;
const endings = {
  paid: 'paid',
  queued: 'taken, payment queued',
  refused: 'refused',
  failed: 'failed',
};
const lookEveryMs = 1_000;

/** @type {Map<string, any>} the dashboard's circuits, by name and key */
const circuits = new Map();
let state;
let ordersBefore;

function byId(id) {
  return document.getElementById(id);
}

function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

async function send(path, body) {
  const response = await fetch(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error((await response.json()).message);
}

async function change(path, body) {
  try {
    await send(path, body);
    tell('');
  } catch (error) {
    tell(`That was not done: ${error.message}`);
  }
  await look();
}

function tell(problem) {
  byId('problem').textContent = problem;
  byId('problem').hidden = problem === '';
}

async function look() {
  try {
    const response = await fetch('/panel/state');
    state = await response.json();
  } catch {
    tell('The shop does not answer.');
    return;
  }
  if (byId('problem').textContent === 'The shop does not answer.') tell('');
  byId('rights').hidden = state.mayBreak;
  drawCustomers();
  drawDependencies();
}

function drawCustomers() {
  const { perSecond, until, orders } = state.customers;
  byId('customers-state').textContent =
    until === null
      ? 'Nobody is in the shop: a circuit that gets no calls does not open.'
      : `They order and look around until ${new Date(until).toLocaleTimeString()}. In the last second:`;
  for (const button of document.querySelectorAll('[data-customers]')) {
    const isNow = Number(button.dataset.customers) === perSecond;
    button.setAttribute('aria-pressed', String(isNow));
    button.disabled = !state.mayBreak;
  }
  const before = ordersBefore ?? orders;
  byId('orders').replaceChildren(
    ...Object.entries(endings).map(([ending, title]) => {
      const pair = element('div');
      pair.append(
        element('dt', '', title),
        element('dd', '', String(orders[ending] - before[ending])),
      );
      return pair;
    }),
  );
  ordersBefore = orders;
}

function drawDependencies() {
  const list = byId('dependencies');
  for (const dependency of state.dependencies) {
    const id = `dependency-${dependency.name}`;
    let card = byId(id);
    if (card === null) {
      card = makeCard(dependency, id);
      list.append(card);
    }
    card.classList.toggle('is-broken', dependency.mode !== 'ok');
    for (const button of card.querySelectorAll('button')) {
      const isNow = button.dataset.mode === dependency.mode;
      button.setAttribute('aria-pressed', String(isNow));
      button.disabled = !state.mayBreak;
    }
    drawCircuits(card, dependency);
  }
}

function makeCard({ name, does, without }, id) {
  const card = element('li', 'dependency');
  card.id = id;
  const title = element('h3', '', name);
  title.id = `${id}-title`;
  const switches = element('div', 'switches');
  switches.setAttribute('role', 'group');
  switches.setAttribute('aria-labelledby', title.id);
  for (const [mode, word] of Object.entries(modes)) {
    const button = element('button', '', word);
    button.type = 'button';
    button.dataset.mode = mode;
    button.addEventListener('click', () =>
      change(`/panel/dependencies/${name}`, { mode, delay: slowMs }),
    );
    switches.append(button);
  }
  card.append(
    title,
    element('p', 'muted', `${does} Without it: ${without}`),
    element('div', 'circuits'),
    switches,
  );
  return card;
}

function drawCircuits(card, { circuits: names }) {
  const watching = [...circuits.values()].filter(({ name }) =>
    names.includes(name),
  );
  // A name that has keys is shown by those.
  const shown = watching.filter(
    ({ name, key }) =>
      key !== null ||
      !watching.some(each => each.name === name && each.key !== null),
  );
  const rows = shown.map(({ name, key, state: now, sentence }) => {
    const row = element('p', 'circuit');
    row.append(
      element('span', `badge is-${now}`, now),
      ` ${key === null ? name : `${name} ${key}`}`,
    );
    if (now !== 'closed') row.append(`: ${sentence}`);
    return row;
  });
  card.querySelector('.circuits').replaceChildren(...rows);
}

function learn({ data }) {
  for (const circuit of JSON.parse(data).circuits) {
    circuits.set(`${circuit.name}\n${circuit.key ?? ''}`, circuit);
  }
  if (state !== undefined) drawDependencies();
}

/** The dashboard's stream has all of it live. */
function follow() {
  const stream = new EventSource('/circuits/api/events');
  stream.addEventListener('snapshot', learn);
  stream.addEventListener('circuits', learn);
  stream.addEventListener('figures', ({ data }) => {
    for (const { name, key, sentence } of JSON.parse(data).figures) {
      const circuit = circuits.get(`${name}\n${key ?? ''}`);
      if (circuit !== undefined) Object.assign(circuit, { sentence });
    }
  });
}

for (const button of document.querySelectorAll('[data-customers]')) {
  button.addEventListener('click', () =>
    change('/panel/customers', { perSecond: Number(button.dataset.customers) }),
  );
}
follow();
await look();
setInterval(look, lookEveryMs);
