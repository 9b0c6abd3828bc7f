/** What an election does by the clock, on real interfaces: delays, sync groups, announcements, notify scripts in order. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ip } from '../../src/bytes/address.ts'
import { createVeth, setLink } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { type Router, Routers, until, VIP } from './routers.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'
const VIP2 = ip('192.168.43.249')

interface Wish {
  readonly name?: string
  readonly interface?: string
  readonly priority: number
  readonly more?: string
  readonly address?: string
}

/** Version 3 in fifths of a second. */
function fast({ name = 'VI_1', interface: link = 'eth0', priority, more = '', address = VIP }: Wish): string {
  return `vrrp_instance ${name} {
    state BACKUP
    interface ${link}
    version 3
    virtual_router_id 51
    priority ${priority}
    advert_int 0.2
    ${more}
    virtual_ipaddress {
        ${address}
    }
}
`
}

/** The lines that tcpdump prints of what arrives there, with the time in seconds at their beginning. */
class Ear {
  readonly #tcpdump: ChildProcess
  text = ''

  constructor(namespace: Namespace, ...filter: readonly string[]) {
    const words = ['-tt', '-nn', '-l', '--immediate-mode', '-i', 'eth0', ...filter]
    this.#tcpdump = inNamespace(namespace, () => spawn('tcpdump', words, { stdio: ['ignore', 'pipe', 'pipe'] }))
    for (const stream of [this.#tcpdump.stdout!, this.#tcpdump.stderr!])
      stream.on('data', bytes => {
        this.text += bytes
      })
  }

  async listens(): Promise<void> {
    await until(
      () => this.text.includes('listening on'),
      'tcpdump listens',
      () => this.text,
    )
  }

  get times(): readonly number[] {
    return this.text.split('\n').flatMap(line => /^\d+\.\d+ /.exec(line)?.map(Number) ?? [])
  }

  [Symbol.dispose](): void {
    this.#tcpdump.kill('SIGKILL')
  }
}

describe('by the clock', { concurrency: 3, skip }, () => {
  test('preempt_delay: a better router that returns waits, then takes over', async () => {
    await using routers = new Routers('preempt-delay')
    const { a, b } = routers
    a.configure(fast({ priority: 200, more: 'preempt_delay 3' }))
    b.configure(fast({ priority: 50 }))
    b.runSluice()
    await routers.onlyOn(b)
    a.runSluice()
    await a.says(/start preempt delay/)
    const begun = performance.now()
    await sleep(2000)
    await routers.onlyOn(b)
    await routers.onlyOn(a)
    assert.ok(performance.now() - begun >= 2900, `${performance.now() - begun} ms`)
  })

  test('nopreempt: a better router that returns leaves the address where it is', async () => {
    await using routers = new Routers('nopreempt')
    const { a, b } = routers
    a.configure(fast({ priority: 200, more: 'nopreempt' }))
    b.configure(fast({ priority: 50 }))
    b.runSluice()
    await routers.onlyOn(b)
    a.runSluice()
    await a.says(/master set to/)
    await sleep(2000)
    await routers.onlyOn(b)
    await b.end()
    await routers.onlyOn(a)
  })

  test('a sync group moves as one: the cable of one of its interfaces takes the addresses of both', async () => {
    await using routers = new Routers('group')
    const { a, b } = routers
    addSecondCable(a, b)
    const group = 'vrrp_sync_group G {\n  group {\n    VI_1\n    VI_2\n  }\n}\n'
    const both = (priority: number) =>
      `${group}${fast({ priority })}${fast({ name: 'VI_2', interface: 'eth1', priority, address: VIP2 })}`
    a.configure(both(200))
    b.configure(both(50))
    const on = (owner: Router, other: Router) =>
      until(
        () => [VIP, VIP2].every(address => owner.has(address) && !other.has(address)),
        `both addresses are on ${owner.address}`,
        () => `${a.log}\n${b.log}`,
      )
    a.runSluice()
    await on(a, b)
    b.runSluice()
    await b.says(/master set to/)
    a.link('eth1', false)
    // Both ends of that cable are down; the other group member follows, though its own cable is there.
    await until(
      () => !a.has(VIP) && !a.has(VIP2),
      'the group is in fault',
      () => a.log,
    )
    await a.says(/VRRP_Group\(G\) Syncing instances to FAULT state/)
    a.link('eth1', true)
    await on(a, b)
    await a.end()
    await on(b, a)
  })

  test('announcements: a burst at once, one after the delay, and one whenever they are to be refreshed', async () => {
    await using routers = new Routers('announcements')
    const { a, b } = routers
    using ear = new Ear(b.namespace, 'arp and arp[6:2] = 1')
    await ear.listens()
    const more = 'garp_master_delay 2\n garp_master_repeat 3\n garp_master_refresh 3\n garp_master_refresh_repeat 2\n'
    a.configure(fast({ priority: 200, more }))
    a.runSluice()
    // Three, three more after 2 s, and two each 3 s from then on.
    await until(
      () => ear.times.length >= 10,
      'ten announcements',
      () => `${ear.text}\n${a.log}`,
    )
    const [first = 0, ...others] = ear.times
    const after = others.slice(0, 9).map(time => Math.round(time - first))
    assert.deepEqual(after, [0, 0, 2, 2, 2, 5, 5, 8, 8], ear.text)
  })

  test('announcements keep the pause that vrrp_garp_interval asks for', async () => {
    await using routers = new Routers('pause')
    const { a, b } = routers
    using ear = new Ear(b.namespace, 'arp and arp[6:2] = 1')
    await ear.listens()
    const defaults = 'global_defs {\n  vrrp_garp_interval 0.2\n  vrrp_garp_master_delay 0\n}\n'
    a.configure(defaults + fast({ priority: 200 }))
    a.runSluice()
    await until(
      () => ear.times.length >= 5,
      'five announcements',
      () => `${ear.text}\n${a.log}`,
    )
    const { times } = ear
    const pauses = times.slice(1).map((time, i) => time - times[i]!)
    assert.ok(Math.min(...pauses) >= 0.18, pauses.join(' '))
  })

  test('who wants to know hears of a change in the order of keepalived: the state’s script, notify, the pipe', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-notify-'))
    try {
      await using routers = new Routers('order')
      const { a } = routers
      const told = join(folder, 'told')
      const script = join(folder, 'tell')
      writeFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$*" >> ${told}\n`)
      chmodSync(script, 0o700)
      const reader = join(folder, 'read')
      writeFileSync(reader, `#!/bin/sh\nwhile read -r line; do printf 'pipe %s\\n' "$line" >> ${told}; done < "$1"\n`)
      chmodSync(reader, 0o700)
      const more = `notify_master "${script} master"\n notify_backup "${script} backup"\n notify "${script} any"`
      const defaults = `global_defs {
  script_user root
  notify_fifo ${join(folder, 'pipe')}
  notify_fifo_script ${reader}
}
`
      a.configure(defaults + fast({ priority: 200, more }))
      a.runSluice()
      await routers.onlyOn(a)
      const lines = () => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [])
      await until(
        () => lines().length >= 6,
        'six lines',
        () => `${lines().join('\n')}\n${a.log}`,
      )
      for (const [state, own] of [
        ['BACKUP', 'backup'],
        ['MASTER', 'master'],
      ] as const) {
        for (const line of [own, `any INSTANCE VI_1 ${state} 200`, `pipe INSTANCE "VI_1" ${state} 200`])
          assert.ok(lines().includes(line), `${line}\n${lines().join('\n')}`)
      }
      assert.equal(lines().filter(line => line.startsWith('pipe')).length, 2, 'one reader, and each line once')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

function addSecondCable(a: Router, b: Router): void {
  using route = new RouteSocket(a.namespace)
  createVeth(route, { name: 'eth1' }, { name: 'eth1', namespace: b.namespace })
  for (const [{ namespace }, last] of [
    [a, 181],
    [b, 251],
  ] as const) {
    using own = new RouteSocket(namespace)
    inNamespace(namespace, () => spawn('ip', ['address', 'add', `192.168.43.${last}/24`, 'dev', 'eth1']))
    setLink(own, 'eth1', { up: true })
  }
}
