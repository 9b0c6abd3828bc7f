/**
 * Makes `codes.ts` of the pages in docs/diagnostics: `npx tsx src/diagnostics/generate.ts`. The pages are what people
 * read; the messages are taken from them, so the two cannot drift. A test makes `codes.ts` anew and compares.
 *
 *   # unknown-keyword                       the code, as the file is named
 *
 *   error: {block} has no keyword "{word}"  severity and message, with blanks
 *
 *   Why it matters, an example, the remedy  what `sluice check --explain unknown-keyword` prints
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PAGES = fileURLToPath(new URL('../../docs/diagnostics/', import.meta.url))
const OUTPUT = fileURLToPath(new URL('./codes.ts', import.meta.url))

/** The text of `codes.ts`. Throws Error naming the page that has not the form above. */
export function generate(): string {
  const codes = readdirSync(PAGES)
    .filter(name => name.endsWith('.md'))
    .sort()
    .map(name => entry(name.slice(0, -'.md'.length), readFileSync(join(PAGES, name), 'utf8')))
  return [
    '// Made by generate.ts from the pages in docs/diagnostics; change those instead.',
    '// biome-ignore-all format lint/suspicious/noTemplateCurlyInString: made by a program',
    '',
    'interface Code<Template extends string> {',
    "  readonly severity: 'error' | 'warning' | 'note'",
    '  /** The message, with blanks in braces. */',
    '  readonly template: Template',
    '  /** The rest of the page, in Markdown. */',
    '  readonly page: string',
    '}',
    '',
    `export const CODES: {`,
    ...codes.map(({ code, template }) => `  readonly ${quote(code)}: Code<${quote(template)}>`),
    '} = {',
    ...codes.flatMap(({ code, severity, template, page }) => [
      `  ${quote(code)}: {`,
      `    severity: ${quote(severity)},`,
      `    template: ${quote(template)},`,
      `    page: ${quote(page)},`,
      '  },',
    ]),
    '}',
    '',
  ].join('\n')
}

function entry(code: string, text: string): { code: string; severity: string; template: string; page: string } {
  const form = /^# (\S+)\n\n(error|warning|note): (.+)\n\n([\s\S]+)$/.exec(text)
  if (form === null || form[1] !== code) {
    throw new Error(`docs/diagnostics/${code}.md does not begin with "# ${code}", a blank line and "error: message"`)
  }
  const [, , severity, template, page] = form
  return { code, severity: severity!, template: template!, page: page!.trimEnd() }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(OUTPUT, generate())
