/**
 * A server that accepts connections on all addresses and closes each when its client does, with next to no work: node's own
 * would be busier than who checks it. Prints "on" when it listens.
 *
 *     node --import tsx bench/health/accept.ts PORT
 */
import koffi from 'koffi'

const library = koffi.load(null)
const socket = library.func('int socket(int, int, int)')
const bind = library.func('int bind(int, void *, uint)')
const listen = library.func('int listen(int, int)')
const accept = library.func('int accept(int, void *, void *)')
const close = library.func('int close(int)')

const port = Number(process.argv[2])
const listener: number = socket(2, 1, 0)
const name = new Uint8Array(16)
new DataView(name.buffer).setUint16(0, 2, true)
new DataView(name.buffer).setUint16(2, port)
if (bind(listener, name, name.length) !== 0 || listen(listener, 65_535) !== 0)
  throw new Error(`cannot listen on ${port}`)
process.stdout.write('on\n')
setImmediate(() => {
  for (;;) close(accept(listener, null, null))
})
