// Builds fivelink/static/graphiql from the installed packages: one script, one style sheet, their licences.
// Prints what it wrote; the same packages give the same bytes.
import { build } from 'esbuild';
import { mkdir, readFile, readdir, rm, writeFile, copyFile } from 'node:fs/promises';
import path from 'node:path';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const out = path.resolve(here, '../../fivelink/static/graphiql');

// Half of the style sheet is two web fonts in base64; the page uses the system's, which have Chinese characters.
const withoutFonts = {
  name: 'without-fonts',
  setup(builder) {
    builder.onLoad({ filter: /\.css$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { graphiql: 'page.jsx' },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  outdir: out,
  legalComments: 'none',
  charset: 'utf8',
  define: {
    'process.env.NODE_ENV': '"production"',
    'globalThis.process': 'true',
    'globalThis.process.env.NODE_ENV': '"production"',
  },
  plugins: [withoutFonts],
  metafile: true,
  logLevel: 'warning',
});
await copyFile(path.join(here, 'index.html'), path.join(out, 'index.html'));

// The licence of every package that has a line in the bundle.
const folders = new Set(
  Object.values(result.metafile.outputs)
    .flatMap((output) => Object.entries(output.inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => file.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1])
    .filter(Boolean),
);
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** For packages that name the MIT licence without holding its text. Any other licence must bring its own. */
function withoutFile(license, author, name) {
  if (license !== 'MIT') throw new Error(`${name} has no licence file and is not MIT`);
  const who = (typeof author === 'string' ? author : author?.name) ?? `the authors of ${name}`;
  return `Copyright (c) ${who.replace(/ <.*/, '')}\n\n${MIT}`;
}

const notices = [];
for (const folder of [...folders].sort()) {
  const full = path.join(here, folder);
  const { name, version, license, author } = JSON.parse(await readFile(path.join(full, 'package.json'), 'utf8'));
  const files = (await readdir(full)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(full, file), 'utf8')));
  const text = texts.map((t) => t.trim()).join('\n\n') || withoutFile(license, author, name);
  notices.push(`${name} ${version} - ${license}\n\n${text}\n`);
}
await writeFile(path.join(out, 'LICENSES'), notices.join(`\n${'-'.repeat(80)}\n\n`));
for (const file of (await readdir(out)).sort()) {
  console.log(file, (await readFile(path.join(out, file))).length);
}
