/** What keepalived says of a single statement: the same mistakes that the tables find, in its own words. */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts'
import type { Keyword, Table } from '../keyword.ts'
import { keywordOf, type Statement } from '../statement.ts'

/** keepalived ends at once. */
export class MissingParameter extends Error {}

/** Complaints about a value, in the order keepalived makes them. */
export function complaints(statement: Statement, block: Statement, table: Table): readonly string[] {
  const name = keywordOf(statement)
  const keyword = table.keywords.get(name)
  if (keyword === undefined || keyword.body !== 'line') return []
  if (isZeroTimer(name, statement)) return zeroTimer(name)
  return findings(keyword, statement).flatMap(problem => wordsFor(problem, name, statement, block, table))
}

/** Complaints about a line of an entry block. */
export function entryComplaints(entry: Statement, block: Statement, keyword: Keyword<unknown>): readonly string[] {
  const holder: Statement = { line: block.line, children: [entry] }
  return findings(keyword, holder).flatMap(({ code, message }) => {
    const value = quoted(message)
    if (code === 'bad-address') return [`VRRP parsed invalid IP ${value}. skipping IP...`]
    if (code === 'unknown-word') return [`Unknown configuration entry '${value}' for ip address - ignoring`]
    return []
  })
}

function findings(keyword: Keyword<unknown>, statement: Statement): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  keyword.read(statement, problem => void found.push(problem))
  return found
}

function wordsFor(
  problem: Diagnostic,
  name: string,
  statement: Statement,
  block: Statement,
  table: Table,
): readonly string[] {
  const value = statement.line.words[1]?.text ?? ''
  switch (problem.code) {
    case 'missing-value':
      throw new MissingParameter(
        `*** Configuration line starting \`${name}\` is missing a parameter after keyword \`${statement.line.words[statement.line.words.length - 1]?.text ?? name}\` at word position ${statement.line.words.length + 1}`,
      )
    case 'out-of-range': {
      const limits = /from (\S+) to (\S+), not (.*)$/.exec(problem.message)
      const [, min, max, number] = limits ?? []
      return [`number '${number}' outside range [${min}, ${max}]`, ...aftermath(name, value, block)]
    }
    case 'time-with-unit':
      return [`invalid number '${value}'`]
    case 'bad-value':
      return refusal(name, value, block, table)
    case 'bad-address':
      return []
    default:
      return []
  }
}

/** What follows a number that was refused. */
function aftermath(name: string, value: string, block: Statement): readonly string[] {
  const instance = block.line.words[1]?.text ?? ''
  if (name === 'virtual_router_id') return [`(${instance}): VRID '${value}' not valid - must be between 1 & 255`]
  if (name === 'priority') return [`(${instance}) Priority not valid! must be between 1 & 255. Using default 100`]
  return []
}

function refusal(name: string, value: string, block: Statement, table: Table): readonly string[] {
  const instance = block.line.words[1]?.text ?? ''
  // An apostrophe that is left open there is one.
  if (name === 'process') return []
  if (name === 'state') return [`(${instance}) unknown state '${value}', defaulting to BACKUP`]
  if (name === 'lb_algo' || name === 'lvs_sched') return [`Invalid lvs_scheduler '${value}' - ignoring`]
  if (name === 'lb_kind' || (name === 'lvs_method' && table.name === 'virtual_server')) {
    return [`PARSER : unknown [${value}] routing method for virtual server.`]
  }
  return [`invalid number '${value}'`, ...aftermath(name, value, block)]
}

/** keepalived wants at least a microsecond where the distribution's sample file says 0. */
function isZeroTimer(name: string, statement: Statement): boolean {
  return (name === 'vrrp_garp_interval' || name === 'vrrp_gna_interval') && Number(statement.line.words[1]?.text) === 0
}

function zeroTimer(name: string): readonly string[] {
  return [`number '0' outside range [0.000001, 4294.967295]`, `${name} '0' is invalid`]
}

function quoted(message: string): string {
  return /"([^"]*)"/.exec(message)?.[1] ?? ''
}
