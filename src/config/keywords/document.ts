/**
 * Makes docs/keywords.md of the tables: `npx tsx src/config/keywords/document.ts`. A test makes it anew and compares.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Keyword, Table } from '../keyword.ts'
import { ROOT } from './root.ts'

const OUTPUT = fileURLToPath(new URL('../../../docs/keywords.md', import.meta.url))

/** The text of docs/keywords.md. */
export function document(): string {
  const tables = tablesOf(ROOT)
  const all = tables.flatMap(({ keywords }) => [...keywords.values()])
  const count = (state: string) => all.filter(({ standing }) => standing.state === state).length
  return `${[
    '# Keywords',
    '',
    'Every keyword of keepalived.conf that sluice knows, block by block. Made from the tables in src/config/keywords, which',
    'also drive the parser, so this list cannot be wrong. Change the tables, then run',
    '`npx tsx src/config/keywords/document.ts`.',
    '',
    `Of ${all.length} keywords ${count('effective')} are effective, ${count('ignored')} are read and have no effect (○, with the reason why that is safe),`,
    `and ${count('refused')} are refused (✗), because running without them would be felt.`,
    ...tables.flatMap(section),
  ].join('\n')}\n`
}

function tablesOf(root: Table): readonly Table[] {
  const found: Table[] = [root]
  for (const table of found) {
    for (const { table: inner } of table.keywords.values())
      if (inner !== undefined && !found.includes(inner)) found.push(inner)
  }
  return found
}

function section(table: Table): readonly string[] {
  const syntax = table.syntax === '' ? '' : ` ${table.syntax}`
  const title = table === ROOT ? '## The top level' : `## ${table.name}`
  const form = table === ROOT ? [] : [`\`${table.name}${syntax} { … }\``, '']
  const rows = [...table.keywords].map(
    ([name, keyword]) => `| \`${name}\` | ${valueText(keyword)} | ${meaning(keyword)} |`,
  )
  const former = [...table.former].map(([name, remedy]) => `- \`${name}\` is none of them: ${remedy}.`)
  return [
    '',
    title,
    '',
    ...form,
    table.doc,
    '',
    '| keyword | value | meaning |',
    '| --- | --- | --- |',
    ...rows,
    ...(former.length === 0 ? [] : ['', ...former]),
  ]
}

function valueText({ body, syntax }: Keyword<unknown>): string {
  const shown = syntax === '' ? '' : `\`${syntax.replaceAll('|', '\\|')}\``
  if (body === 'line') return shown
  if (body === 'words') return `{ ${shown} … }`
  if (body === 'entries') return `{ one a line: ${shown} }`
  return `${shown} { block }`.trim()
}

function meaning(keyword: Keyword<unknown>): string {
  const { doc, standing, since, instead } = keyword
  const parts = [doc]
  if (keyword.hasDefault && keyword.body === 'line') parts.push(`Default: ${defaultText(keyword)}.`)
  if (since !== undefined) parts.push(since === 'sluice' ? 'sluice alone knows it.' : `Since keepalived ${since}.`)
  if (instead !== undefined) parts.push(`Today: \`${instead}\`.`)
  if (standing.state === 'ignored') parts.push(`○ ${standing.why}.`)
  if (standing.state === 'refused') parts.push(`✗ ${standing.why}.`)
  return parts.join(' ').replaceAll('|', '\\|')
}

/** As it would be written: times are milliseconds inside and seconds outside. */
function defaultText({ fallback, syntax }: Keyword<unknown>): string {
  if (typeof fallback === 'boolean') return fallback ? 'on' : 'off'
  if (typeof fallback === 'number' && syntax.startsWith('SECONDS')) return String(fallback / 1000)
  if (typeof fallback === 'number' || typeof fallback === 'string') return String(fallback)
  if (Array.isArray(fallback)) return fallback.map(({ first, last }) => `${first}-${last}`).join(' ')
  return String((fallback as { readonly weight?: number }).weight ?? '')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(OUTPUT, document())
