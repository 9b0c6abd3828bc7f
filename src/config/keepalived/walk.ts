/**
 * The blocks of a file as keepalived 2.2.7 takes them apart, mistakes and their consequences included: what is inside an
 * unknown block is matched against the block around it, and the closing brace of the one closes the other.
 *
 * keepalived reads the file once per process. Each knows the keywords of its own blocks and skips those of the others.
 */
import { parseIp } from '../../bytes/address.ts'
import type { Table } from '../keyword.ts'
import type { Line } from '../line.ts'
import type { Statement } from '../statement.ts'

export interface Walker {
  /** Whether a block of the top level belongs to this process, and is walked rather than skipped. */
  owns(keyword: string): boolean
  /** A complaint about what begins with this line. */
  complain(line: Line, text: string): void
  /** A keyword or an entry with its words; `block` is where it stands. */
  statement(line: Line, block: Statement, table: Table | undefined): void
  /** The end of a block, at the line of its closing brace. */
  closed(line: Line, block: Statement): void
}

/** A logical line as keepalived sees it: words, or a brace by itself. */
interface Token {
  readonly line: Line
  readonly brace: '{' | '}' | ''
}

interface OpenBlock extends Statement {
  readonly children: Statement[]
}

export function walk(lines: readonly Line[], root: Table, walker: Walker): Statement {
  const tokens = lines.flatMap(tokensOf)
  const top: OpenBlock = { line: lines[0]!, children: [] }
  const stack: { readonly block: OpenBlock; readonly table: Table | undefined }[] = [{ block: top, table: root }]
  let expectOpen = false
  let depth = 0
  for (let i = 0; i < tokens.length; i++) {
    const { line, brace } = tokens[i]!
    const { block, table } = stack[stack.length - 1]!
    if (brace === '}') {
      if (depth === 0) walker.complain(line, "Extra '}' found")
      else depth--
    }
    if (brace === '{') depth++
    if (expectOpen) {
      expectOpen = false
      if (brace === '{') continue
      walker.complain(line, "Missing '{' at beginning of configuration block")
    } else if (brace === '{') {
      walker.complain(line, "Unexpected '{' - ignoring")
      continue
    }
    if (brace === '}') {
      if (stack.length > 1) walker.closed(line, stack.pop()!.block)
      else walker.complain(line, "Unknown keyword '}'")
      continue
    }
    const word = line.words[0]!.text
    if (table === undefined) {
      block.children.push({ line, children: undefined })
      walker.statement(line, block, table)
      continue
    }
    const keyword = table.keywords.get(word)
    if (keyword === undefined || keyword.since !== undefined) {
      walker.complain(line, `Unknown keyword '${word}'`)
      continue
    }
    if (stack.length === 1 && !walker.owns(word)) {
      if (keyword.body === 'line') continue
      const end = skipBlock(tokens, i + 1)
      depth += balance(tokens, i + 1, end)
      i = end - 1
      continue
    }
    const faults = blockFaults(top, line)
    if (faults.length > 0) {
      for (const fault of faults) walker.complain(line, fault)
      const end = skipBlock(tokens, i + 1)
      depth += balance(tokens, i + 1, end)
      i = end - 1
      continue
    }
    const made: OpenBlock = { line, children: [] }
    block.children.push(keyword.body === 'line' ? { line, children: undefined } : made)
    walker.statement(line, block, table)
    if (keyword.body === 'line') continue
    stack.push({ block: made, table: keyword.table })
    expectOpen = true
  }
  return top
}

/** Why a block is skipped as a whole; empty: it is not. */
function blockFaults({ children }: OpenBlock, { words }: Line): readonly string[] {
  const [keyword, name, port] = words
  const same = (other: Statement) =>
    other.line.words[0]?.text === keyword?.text && other.line.words[1]?.text === name?.text
  if (keyword?.text === 'vrrp_instance' && children.some(same)) return [`vrrp instance ${name?.text} already defined`]
  if (keyword?.text === 'bfd_instance' && children.some(same))
    return [
      `BFD ${name?.text} already specified`,
      `Configuration error: BFD instance ${name?.text} already configured - ignoring`,
    ]
  if (keyword?.text !== 'real_server' || name === undefined || parseIp(name.text) !== undefined) return []
  return [`Invalid real server ip address/port ${name.text}${port === undefined ? '' : `/${port.text}`} - skipping`]
}

/** How many closing braces the text lacks; negative: how many too many. */
export function missingBraces(lines: readonly Line[]): number {
  let depth = 0
  for (const { brace } of lines) depth = brace === '{' ? depth + 1 : brace === '}' ? Math.max(0, depth - 1) : depth
  return depth
}

function tokensOf(line: Line): readonly Token[] {
  const words: readonly Token[] = line.words.length > 0 ? [{ line, brace: '' }] : []
  return line.brace === '' ? words : [...words, { line, brace: line.brace }]
}

/** The place behind the block that begins at `from`. */
function skipBlock(tokens: readonly Token[], from: number): number {
  let depth = 0
  for (let i = from; i < tokens.length; i++) {
    const { brace } = tokens[i]!
    if (brace === '{') depth++
    else if (brace === '}' && --depth <= 0) return i + 1
    else if (brace === '' && depth === 0) return i
  }
  return tokens.length
}

function balance(tokens: readonly Token[], from: number, to: number): number {
  let depth = 0
  for (let i = from; i < to; i++) depth += tokens[i]!.brace === '{' ? 1 : tokens[i]!.brace === '}' ? -1 : 0
  return depth
}
