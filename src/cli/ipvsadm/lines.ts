/** The lines of a stream as they come in; the last one need not end. */
export async function* lines(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder()
  let partial = ''
  for await (const chunk of stream) {
    const text = partial + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    const complete = text.split('\n')
    partial = complete.pop()!
    yield complete
  }
  if (partial !== '') yield [partial]
}

/** A line of `-R` as a command line: words between blanks, nothing quoted; a leading `ipvsadm`, or any other, is dropped. */
export function lineWords(line: string): readonly string[] {
  return line.split(/[ \t\r]+/).filter(word => word !== '' && word !== 'ipvsadm')
}
