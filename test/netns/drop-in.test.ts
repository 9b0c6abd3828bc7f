/** `sluice keepalived …` as the daemon: its options, signals, dumps, pid files, and what systemd hears of it. */
import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bind, call, recv, socket } from '../../src/kernel/libc.ts'
import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM } from '../../src/kernel/socket.ts'
import { instance, Routers, until } from './routers.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

/** systemd's end of NOTIFY_SOCKET. */
class Listener {
  readonly #fd = call('open a socket', socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
  readonly heard: string[] = []

  constructor(path: string) {
    const name = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)])
    call('bind a socket', bind(this.#fd, name, name.length))
  }

  listen(): readonly string[] {
    const bytes = new Uint8Array(4096)
    for (;;) {
      const length = recv(this.#fd, bytes, bytes.length, MSG_DONTWAIT)
      if (length < 0) return this.heard
      this.heard.push(Buffer.from(bytes.subarray(0, length)).toString())
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

test('sluice keepalived runs with the options of keepalived and answers its signals', { skip }, async () => {
  await using routers = new Routers('drop-in')
  const { a } = routers
  const folder = mkdtempSync(join(tmpdir(), 'sluice-drop-in-'))
  const file = (name: string) => join(folder, name)
  const listener = new Listener(file('notify'))
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')
  const written = (name: string) =>
    until(
      () => read(name) !== '',
      `${name} is written`,
      () => a.log,
    )
  try {
    // keepalived lives with a word that it does not know, and so does its drop-in.
    a.configure(instance(100).replace('priority 100', 'priority 100\n    priorty 100'))
    const words = ['-nlDP', '-G', '-f', a.file, `-p${file('pid')}`, '-r', file('vrrp.pid')]
    a.runDropIn(words, { TMPDIR: folder, NOTIFY_SOCKET: file('notify'), WATCHDOG_USEC: '4000000' })
    await a.says(/Entering MASTER STATE/)
    assert.equal(Number(read('pid')), a.pid)
    assert.ok(existsSync(`/proc/${read('vrrp.pid').trim()}`))

    a.signal('SIGUSR1')
    a.signal('SIGUSR2')
    a.signal(36)
    for (const name of ['keepalived.data', 'keepalived.stats', 'keepalived.json']) await written(name)
    assert.match(
      read('keepalived.data'),
      / VRRP Instance = VI_1\n[\s\S]* {3}State = MASTER\n[\s\S]*dev eth0 scope global set/,
    )
    assert.doesNotMatch(read('keepalived.data') + read('keepalived.json'), /1111/)
    assert.match(read('keepalived.stats'), /VRRP Instance: VI_1\n[\s\S]*Became master: 1\n/)
    const [{ data, stats }] = JSON.parse(read('keepalived.json')) as [
      { data: Record<string, unknown>; stats: Record<string, unknown> },
    ]
    assert.deepEqual(
      [data.iname, data.state, data.vips, stats.become_master],
      ['VI_1', 2, ['192.168.41.249 dev eth0 scope global set'], 1],
    )

    rmSync(file('keepalived.stats'))
    a.signal(63)
    await written('keepalived.stats')
    rmSync(file('keepalived.stats'))
    a.signal('SIGUSR2')
    await written('keepalived.stats')
    assert.match(read('keepalived.stats'), /VRRP Instance: VI_1\n[\s\S]*Became master: 0\n/)

    a.signal('SIGHUP')
    await a.says(/Reload complete/)
    assert.equal(await a.end(), 0)
    assert.deepEqual([existsSync(file('pid')), existsSync(file('vrrp.pid'))], [false, false])
    const [first, ...rest] = listener.listen()
    assert.match(first ?? '', /^(READY=1\nMAINPID=\d+|WATCHDOG=1)$/)
    for (const word of [/^READY=1/, /^WATCHDOG=1$/, /^RELOADING=1\nMONOTONIC_USEC=\d+$/, /^STOPPING=1$/])
      assert.ok(
        [first ?? '', ...rest].some(text => word.test(text)),
        `systemd hears ${word}`,
      )
  } finally {
    listener.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
