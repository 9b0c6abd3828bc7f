/** What keepalived's BFD process says of a `bfd_instance`: keyword by keyword, and when the block ends. */
import { ipFamily, parseIp } from '../../bytes/address.ts'
import { keywordOf, type Statement } from '../statement.ts'

const MILLISECONDS: Readonly<Record<string, number>> = { min_rx: 1, min_tx: 1, idle_tx: 1000 }
const MS_MAX = 4_294_967
const BYTES: Readonly<Record<string, string>> = {
  multiplier: 'multiplier',
  ttl: 'ttl/hoplimit',
  hoplimit: 'ttl/hoplimit',
}

/** Of one keyword and its value. */
export function bfdKeyword(statement: Statement, block: Statement): readonly string[] {
  const name = keywordOf(statement)
  const value = statement.line.words[1]?.text ?? ''
  const refusal = `Configuration error: BFD instance ${nameOf(block)}`
  if (name === 'neighbor_ip' || name === 'neighbour_ip')
    return isBroken(statement) ? [`${refusal} has malformed neighbor address ${value}, ignoring instance`] : []
  if (name === 'source_ip')
    return parseIp(value) === undefined ? [`${refusal} has malformed source address ${value}, ignoring`] : []
  const msMin = MILLISECONDS[name]
  if (msMin !== undefined && !within(value, msMin, MS_MAX)) {
    const range = `(must be in range [${msMin}-${MS_MAX}]), ignoring`
    return [
      numberComplaint(value, `${msMin}.000`, `${MS_MAX}.000`),
      `${refusal} ${name} value ${value} is not valid ${range}`,
    ]
  }
  const what = BYTES[name]
  if (what === undefined || within(value, 1, 255)) return []
  return [
    numberComplaint(value, '1', '255'),
    `${refusal} ${what} value ${value} not valid (must be in range [1-255]), ignoring`,
  ]
}

/** Of the whole, at its end; `earlier`: those that it found in order before. */
export function bfdBlock(block: Statement, earlier: readonly Statement[]): readonly string[] {
  const refusal = `Configuration error: BFD instance ${nameOf(block)}`
  const neighbour = wordOf(block, 'neighbor_ip', 'neighbour_ip')
  const source = wordOf(block, 'source_ip')
  if (neighbour === undefined) return [`${refusal} has no neighbor address set, disabling instance`]
  const families = [neighbour, source ?? neighbour].map(text => ipFamily(parseIp(text) ?? parseIp('0.0.0.0')!))
  // Both are written into one place before either is printed.
  if (families[0] !== families[1])
    return [
      `${refusal} source address ${source} and neighbor address ${source} are not of the same family, disabling instance`,
    ]
  const twice = earlier.some(other => {
    const theirs = wordOf(other, 'source_ip')
    const sameSource = source === undefined || theirs === undefined || source === theirs
    return sameSource && wordOf(other, 'neighbor_ip', 'neighbour_ip') === neighbour
  })
  if (twice && source === undefined)
    return [`${refusal} has duplicate neighbor address ${neighbour}, ignoring instance`]
  if (twice) return [`${refusal} has duplicate source/neighbor address ${source}/${neighbour}, ignoring instance`]
  const written = [wordOf(block, 'ttl'), wordOf(block, 'hoplimit')].filter(
    text => text !== undefined && within(text, 1, 255),
  )
  const ttl = Number(written[written.length - 1] ?? (families[0] === 6 ? 64 : 255))
  const hops = Number(wordOf(block, 'max_hops') ?? 0)
  if ((hops === -1 ? 255 : hops) <= ttl) return []
  return [`BFD instance ${nameOf(block)}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit`]
}

/** The instance is given up in the middle. */
export function isBroken(statement: Statement): boolean {
  return /^neighbou?r_ip$/.test(keywordOf(statement)) && parseIp(statement.line.words[1]?.text ?? '') === undefined
}

/** Whether those who follow it from this process may. */
export function isFor(who: 'vrrp' | 'checker', block: Statement): boolean {
  const named = (block.children ?? []).map(keywordOf).filter(name => name === 'vrrp' || name === 'checker')
  return named.length === 0 || named.includes(who)
}

function nameOf(block: Statement): string {
  return block.line.words[1]?.text ?? ''
}

function wordOf(block: Statement, ...names: readonly string[]): string | undefined {
  return block.children?.findLast(child => names.includes(keywordOf(child)))?.line.words[1]?.text
}

function within(text: string, min: number, max: number): boolean {
  return /^-?\d+(\.\d+)?$/.test(text) && Number(text) >= min && Number(text) <= max
}

function numberComplaint(value: string, min: string, max: string): string {
  return /^-?\d+(\.\d+)?$/.test(value)
    ? `number '${value}' outside range [${min}, ${max}]`
    : `invalid number '${value}'`
}
