/**
 * The servers of the scene, one of each kind, and a mail server that writes down what it gets. "up" and "down" on standard
 * input say how they are; what they are told they acknowledge on standard output.
 *
 *     node --import tsx test/conformance/checkers/servers.ts FOLDER
 */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer as createWebServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { decode, encode } from 'dns-packet'

const folder = process.argv[2] ?? '.'
let well = true

const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '9']
execFileSync('openssl', [...words, '-subj', '/CN=www.example.org'], { stdio: 'ignore' })
const identity = { key: readFileSync(key), cert: readFileSync(certificate) }

/** A server that is not there while it is down. */
class Coming {
  readonly #make: () => Server
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  constructor(port: number, make: () => Server) {
    this.#port = port
    this.#make = make
  }

  async set(there: boolean): Promise<void> {
    if (!there) {
      this.#server?.close()
      for (const socket of this.#sockets) socket.destroy()
      this.#server = undefined
      return
    }
    const server = this.#make()
    this.#server = server
    server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>(resolve => void server.listen(this.#port, '0.0.0.0', resolve))
  }
}

const page = (answer: { statusCode: number; end: (text: string) => unknown }) => {
  answer.statusCode = well ? 200 : 503
  answer.end('hello')
}
/** A mail server that greets, and answers HELO, as it is told. */
const mail = (greeting: () => string, hello: () => string) =>
  createServer(socket => {
    socket.on('error', () => {})
    socket.write(`${greeting()}\r\n`)
    socket.on('data', bytes => socket.write(String(bytes).startsWith('QUIT') ? '221 bye\r\n' : `${hello()}\r\n`))
  })
const greeting = () => '220 mail.example.org'
const hello = () => '250 hello'

const coming = [
  // A web server, for those who only connect as well.
  new Coming(8001, () => createWebServer((_, answer) => page(answer))),
  new Coming(8003, () => createTlsServer(identity, (_, answer) => page(answer))),
  new Coming(8010, () => mail(greeting, hello)),
]
for (const one of coming) await one.set(true)

createWebServer((_, answer) => page(answer)).listen(8002)
createTlsServer(identity, (_, answer) => page(answer)).listen(8007)
createWebServer((_, answer) => answer.end(well ? 'hello' : 'sick')).listen(8008)
createWebServer((_, answer) => well && answer.end('hello')).listen(8009)
mail(() => (well ? greeting() : '554 no service'), hello).listen(8004)
mail(greeting, () => (well ? hello() : '550 not you')).listen(8011)

/** `sick`: what a name server says that is not well. */
const nameServer = (address: string, sick: number | undefined) => {
  const socket = createSocket('udp4').bind(8005, address)
  socket.on('message', (bytes, from) => {
    const { id = 0, questions = [] } = decode(bytes)
    const flags = well ? 0 : sick
    if (flags !== undefined) socket.send(encode({ type: 'response', id, questions, flags }), from.port, from.address)
  })
}
nameServer('127.0.1.5', 2)
nameServer('127.0.1.27', undefined)
const echo = createSocket('udp4').bind(8006, '127.0.1.6')
echo.on('message', (bytes, from) => {
  if (well) echo.send(bytes, from.port, from.address)
})
let sink = createSocket('udp4').bind(8012, '127.0.1.28')

/** Whole conversations, one after the other. */
createServer(socket => {
  const heard: string[] = []
  let body = false
  socket.on('error', () => {})
  socket.write('220 mail.example.org\r\n')
  createInterface({ input: socket })
    .on('error', () => {})
    .on('line', line => {
      heard.push(line)
      if (body && line !== '.') return
      if (line === 'DATA') socket.write('354 go on\r\n')
      else if (line === 'QUIT') socket.end('221 bye\r\n')
      else socket.write('250 fine\r\n')
      body = line === 'DATA'
    })
  socket.on('close', () => appendFileSync(join(folder, 'mails'), `${heard.map(timeless).join(' | ')}\n`))
}).listen(2525)

function timeless(line: string): string {
  return line.replace(/^Date: .*/, 'Date: NOW').replace(/^Message-ID: .*/i, 'Message-ID: X')
}

process.stdout.write('ready\n')
createInterface({ input: process.stdin }).on('line', async order => {
  well = order === 'up'
  for (const one of coming) await one.set(well)
  if (well) sink = createSocket('udp4').bind(8012, '127.0.1.28')
  else sink.close()
  process.stdout.write(`${order}\n`)
})
