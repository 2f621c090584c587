import { existsSync } from 'node:fs';
import path from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

export const remedy =
  'install one (apt-get install chromium), or say where it is: CHROME_PATH=/path/to/chrome npm start';

/** An installed Chromium, Chrome or Edge; undefined where there is none. */
export function findBrowser({ CHROME_PATH, CHROMIUM, PATH = '' } = process.env) {
  const onPath = PATH.split(path.delimiter).flatMap((folder) => names.map((name) => path.join(folder, name)));
  return [CHROME_PATH, CHROMIUM, ...onPath, ...elsewhere].find((place) => place && existsSync(place));
}
