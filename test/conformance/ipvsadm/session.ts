/**
 * Sessions with the real ipvsadm, as record.sh wrote them down:
 *
 *   # a remark
 *   --- title                        a session begins, with an empty table
 *   % command                        done on the real machine only, to make traffic
 *   ~ reason                         sluice answers the next command otherwise, on purpose
 *   $ ipvsadm -R                     a command line, words in single quotes kept together
 *   < -A -t 10.0.0.1:80              its standard input
 *   > line                           its standard output
 *   ! line                           its standard error
 *   = 2                              its exit status, unless 0
 */

export interface Session {
  readonly title: string
  readonly exchanges: readonly Exchange[]
}

export interface Exchange {
  readonly command: string
  readonly stdin: string
  readonly answer: Answer
  /** Why sluice answers otherwise. */
  readonly difference: string | undefined
}

export interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly status: number
}

export function parseSessions(text: string): readonly Session[] {
  return text
    .split(/^--- /m)
    .slice(1)
    .map(part => {
      const [title = '', ...lines] = part.split('\n')
      return { title, exchanges: parseExchanges(lines) }
    })
}

function parseExchanges(lines: readonly string[]): readonly Exchange[] {
  const exchanges: Exchange[] = []
  let difference: string | undefined
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    if (line.startsWith('~ ')) difference = line.slice(2)
    if (!line.startsWith('$ ')) continue
    const end = lines.findIndex((other, i) => i > at && !/^[<>!=]( |$)/.test(other))
    const block = lines.slice(at + 1, end < 0 ? lines.length : end)
    const marked = (mark: string) =>
      block
        .filter(other => other[0] === mark)
        .map(other => `${other.slice(2)}\n`)
        .join('')
    const answer = { stdout: marked('>'), stderr: marked('!'), status: Number(marked('=')) }
    exchanges.push({ command: line.slice(2), stdin: marked('<'), answer, difference })
    difference = undefined
  }
  return exchanges
}

/** The words of a command line: between blanks, or in single quotes. */
export function shellWords(line: string): readonly string[] {
  return (line.match(/(?:[^\s']|'[^']*')+/g) ?? []).map(word => word.replaceAll("'", ''))
}
