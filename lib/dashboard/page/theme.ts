import { byId, setText } from './element.js';

const THEMES = ['automatic', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEPT_AS = 'circuits-theme';

/** Lets a person choose between light, dark and what the system says. */
export function startTheme(onChange: () => void): void {
  const button = byId<HTMLButtonElement>('theme');
  let theme: Theme = THEMES.find(each => each === recall()) ?? 'automatic';
  const show = () => {
    document.documentElement.dataset['theme'] = theme;
    setText(button, `Theme: ${theme}`);
    onChange();
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
    keep(theme);
    show();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener(
    'change',
    onChange,
  );
  show();
}

// A browser may forbid to keep anything.
function recall(): string | null {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null;
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEPT_AS, theme);
  } catch {
    // The choice lasts until the page is left.
  }
}
