// The site of the repository's Markdown, as it is: every page is where its file is, so links work here as on GitHub.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitepress';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file) => readFileSync(path.join(root, file), 'utf8');

/** An entry of the sidebar; its text is the page's heading. */
const page = (file, text = /^# (.+)$/m.exec(read(file))[1].replaceAll('`', '')) => ({
  text,
  link: `/${file.replace(/README\.md$/, '').replace(/\.md$/, '')}`,
});
const present = (...files) => files.filter((file) => existsSync(path.join(root, file))).map((file) => page(file));

const families = {};
for (const { id, family } of JSON.parse(read('packages/core/catalogue.json')).losses)
  families[family] = [...(families[family] ?? []), id];

/** Files that pages link to and that are no pages: they are copied beside them. */
const linked = new Set();

/** GitHub's anchors, as the test of links has them. */
const slugify = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');

export default defineConfig({
  title: 'isoloss',
  description: 'Loss functions that give the same numbers, with gradients, on every runtime, and the proof',
  srcDir: '..',
  outDir: process.env.ISOLOSS_SITE ?? '../site', // a test builds into a folder of its own
  cacheDir: '../node_modules/.cache/vitepress',
  srcExclude: ['.changeset/**', 'api/**', '**/CHANGELOG.md', 'packages/create-isoloss/template*/**', 'site/**'],
  rewrites: (id) => id.replace(/README\.md$/, 'index.md'),
  lastUpdated: false,
  markdown: {
    anchor: { slugify },
    attrs: { disable: true }, // braces in prose are braces
    config(md) {
      // Pages are Markdown and no templates.
      const text = md.renderer.rules.text;
      md.renderer.rules.text = (...given) => text(...given).replaceAll('{{', '&#123;&#123;');
      md.core.ruler.push('repository-links', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          if (token.type !== 'link_open') continue;
          const href = token.attrGet('href');
          if (/^([a-z]+:|#)/i.test(href)) continue;
          const [file, anchor = ''] = href.split(/(?=#)/);
          const target = path.posix.join(path.posix.dirname(env.relativePath), file);
          if (/README\.md$/.test(file)) token.attrSet('href', file.replace(/README\.md$/, 'index.md') + anchor);
          else if (existsSync(path.join(root, target, 'README.md')))
            token.attrSet('href', `${file.replace(/\/$/, '')}/index.md${anchor}`);
          else if (!file.endsWith('.md') && existsSync(path.join(root, target))) {
            linked.add(target);
            token.attrSet('href', `/${target}`);
            token.attrSet('target', '_blank');
          }
        }
      });
    },
  },
  buildEnd({ outDir }) {
    for (const file of linked) {
      mkdirSync(path.dirname(path.join(outDir, file)), { recursive: true });
      cpSync(path.join(root, file), path.join(outDir, file), { recursive: true });
    }
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/docs/start' },
      { text: 'Losses', link: '/docs/losses/' },
      { text: 'Documentation', link: '/docs/' },
    ],
    sidebar: [
      {
        text: 'Begin',
        items: [
          page('README.md', 'isoloss'),
          page('docs/README.md', 'What to read'),
          ...present('docs/start.md', 'docs/concepts.md'),
        ],
      },
      {
        text: 'By task',
        items: present(
          ...['class-imbalance', 'segmentation', 'metric-learning', 'ranking', 'distillation', 'robust-regression'].map(
            (name) => `docs/recipes/${name}.md`,
          ),
        ),
      },
      {
        text: 'Moving',
        items: present('docs/from-pytorch.md', 'docs/from-keras.md', 'docs/from-tfjs.md', 'docs/disagreements.md'),
      },
      {
        text: 'Extending',
        items: present(
          'docs/writing-a-loss.md',
          'docs/own-loss.md',
          'docs/writing-an-op.md',
          'docs/writing-a-backend.md',
          'docs/protocol.md',
          'docs/vectors.md',
        ),
      },
      {
        text: 'Running',
        items: present('docs/choosing.md', 'docs/wasm.md', 'docs/numbers.md', 'bench/README.md', 'apps/README.md'),
      },
      {
        text: 'Losses',
        collapsed: true,
        items: [
          page('docs/losses/README.md', 'All'),
          ...Object.keys(families)
            .sort()
            .map((family) => ({
              text: family,
              collapsed: true,
              items: families[family].map((id) => page(`docs/losses/${id}.md`, id)),
            })),
        ],
      },
      {
        text: 'Packages',
        collapsed: true,
        items: present(
          ...['core', 'wasm', 'tfjs', 'onnx', 'cli', 'conformance', 'create-isoloss'].map(
            (name) => `packages/${name}/README.md`,
          ),
        ),
      },
      {
        text: 'API reference',
        collapsed: true,
        items: readdirSync(path.join(root, 'docs/api'))
          .filter((file) => file.endsWith('.md') && !file.includes('.Namespace.'))
          .sort((a, b) => (a === 'README.md' ? -1 : b === 'README.md' ? 1 : a < b ? -1 : 1))
          .map((file) => (file === 'README.md' ? page('docs/api/README.md', 'All') : page(`docs/api/${file}`))),
      },
      {
        text: 'Project',
        collapsed: true,
        items: present('ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/contract.md', 'docs/releasing.md'),
      },
    ],
    outline: { level: [2, 3] },
    search: { provider: 'local' },
  },
});
