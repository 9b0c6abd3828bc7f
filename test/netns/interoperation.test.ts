/** `sluice run` and Debian's keepalived on one segment, in both roles, where they might differ: every dialect, every mishap. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { instance, KEEPALIVED, type Router, Routers, until, VIP } from './routers.ts'

const skip =
  process.getuid?.() !== 0
    ? 'not root: network namespaces cannot be made'
    : !existsSync(KEEPALIVED) && `${KEEPALIVED} is not installed (Debian package keepalived)`

const run = {
  sluice: (router: Router) => router.runSluice(),
  keepalived: (router: Router) => router.runKeepalived(),
}
const VIP6 = ip('2001:db8::249')

/** 2.2, as in Debian 12, or 2.4, of which each has things that the other has not. */
const version = skip === false ? keepalivedVersion() : 0
const not22 = skip || (version < 2.4 && `keepalived ${version} does not know it: KEEPALIVED=… names another one`)

function keepalivedVersion(): number {
  const { stderr, stdout } = spawnSync(KEEPALIVED, ['--version'], { encoding: 'utf8' })
  return Number(/Keepalived v(\d+\.\d+)/.exec(stderr + stdout)?.[1])
}

function version3(priority: number, more = '', addresses: readonly Ip[] = [VIP]): string {
  return `vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    version 3
    priority ${priority}
    advert_int 0.2
    ${more}
    virtual_ipaddress {
        ${addresses.join('\n        ')}
    }
}
`
}

function plain(priority: number, more: string): string {
  return instance(priority).replace(/authentication \{[^}]*\}/, more)
}

const SIGNATURE = `auth_hmac {
        key 1 hex:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
        active_key 1
    }`

/** The link-local address is tentative for a second, and advertisements need it. */
function settleIpv6(...routers: readonly Router[]): void {
  for (const { namespace } of routers)
    inNamespace(namespace, () => {
      spawnSync('sysctl', ['-qw', 'net.ipv6.conf.eth0.accept_dad=0'])
      spawnSync('ip', ['link', 'set', 'eth0', 'down'])
      spawnSync('ip', ['link', 'set', 'eth0', 'up'])
    })
}

describe('sluice beside keepalived', { concurrency: 3, skip }, () => {
  for (const [better, worse] of [
    ['sluice', 'keepalived'],
    ['keepalived', 'sluice'],
  ] as const) {
    const both = (a: Router, b: Router) => {
      run[better](a)
      run[worse](b)
    }

    test(`version 3 in hundredths of a second, ${better} the better: start, kill -9, return, cable`, async () => {
      await using routers = new Routers(`v3-${better}`)
      const { a, b } = routers
      a.configure(version3(200))
      b.configure(version3(50))
      both(a, b)
      await routers.onlyOn(a)
      await a.end('SIGKILL')
      // Nobody takes the address from a machine whose daemon was killed; the other one has it nevertheless.
      await b.says(/Entering MASTER STATE/)
      await until(
        () => b.has(),
        'the other router has it',
        () => b.log,
      )
      if (better === 'keepalived' && a.has()) a.takeAway()
      // keepalived does not start while the other half of its former life is still there.
      await sleep(1000)
      run[better](a)
      await routers.onlyOn(a)
      a.cable(false)
      // Both ends of the cable know: a router without a link has no address to offer.
      await until(
        () => !b.has() && !a.has(),
        'nobody has it',
        () => `${a.log}\n${b.log}`,
      )
      a.cable(true)
      await routers.onlyOn(a)
    })

    for (const [name, words] of [
      ['an authentication header', 'authentication {\n auth_type AH\n auth_pass secret\n }'],
      ['a virtual MAC', 'use_vmac'],
      ['a signature', SIGNATURE],
      ['a checksum as RFC 9568 has it', 'version 3\n v3_checksum_as_v2 on'],
    ] as const) {
      const since24 = words === SIGNATURE || words.includes('v3_checksum')
      test(`${name}, ${better} the better: takes over, gives back`, { skip: since24 ? not22 : false }, async () => {
        await using routers = new Routers(`${name.split(' ').at(-1)}-${better}`)
        const { a, b } = routers
        a.configure(plain(200, words))
        b.configure(plain(50, words))
        both(a, b)
        await routers.onlyOn(a)
        await a.end()
        await routers.onlyOn(b)
        run[better](a)
        await routers.onlyOn(a)
      })
    }

    test(`signatures over IPv6 and by unicast, ${better} the better; and with another key`, {
      skip: not22,
    }, async () => {
      await using routers = new Routers(`signed-${better}`)
      const { a, b } = routers
      const peers = (own: Router, other: Router) =>
        `unicast_src_ip ${own.address}\n    unicast_peer {\n        ${other.address}\n    }\n    ${SIGNATURE}`
      a.configure(version3(200, peers(a, b)))
      b.configure(version3(50, peers(b, a)))
      both(a, b)
      await routers.onlyOn(a)
      await b.says(/master set to|Entering BACKUP STATE/)
      await Promise.all([a.end(), b.end()])

      settleIpv6(a, b)
      await sleep(300)
      a.configure(version3(200, SIGNATURE, [VIP6]))
      b.configure(version3(50, SIGNATURE, [VIP6]))
      both(a, b)
      const explain = () => `${a.log}\n${b.log}`
      await until(() => a.has(VIP6) && !b.has(VIP6), `${VIP6} is on ${a.address} alone`, explain)
      await Promise.all([a.end(), b.end()])

      a.configure(version3(200, SIGNATURE))
      b.configure(version3(50, SIGNATURE.replace('hex:00', 'hex:ff')))
      both(a, b)
      await until(() => a.has() && b.has(), 'both have it, for neither believes the other', explain)
    })

    test(`IPv6, ${better} the better: takes over, gives back`, async () => {
      await using routers = new Routers(`v6-${better}`)
      const { a, b } = routers
      a.configure(version3(200, '', [VIP6]))
      b.configure(version3(50, '', [VIP6]))
      settleIpv6(a, b)
      await sleep(300)
      both(a, b)
      const on = (one: Router, other: Router) =>
        until(
          () => one.has(VIP6) && !other.has(VIP6),
          `${VIP6} is on ${one.address}`,
          () => `${a.log}\n${b.log}`,
        )
      await on(a, b)
      await a.end()
      await on(b, a)
      run[better](a)
      await on(a, b)
    })

    test(`unicast, ${better} the better: takes over, gives back`, async () => {
      await using routers = new Routers(`unicast-${better}`)
      const { a, b } = routers
      const peers = (own: Router, other: Router) =>
        `unicast_src_ip ${own.address}\n    unicast_peer {\n        ${other.address}\n    }`
      a.configure(version3(200, peers(a, b)))
      b.configure(version3(50, peers(b, a)))
      both(a, b)
      await routers.onlyOn(a)
      await a.end()
      await routers.onlyOn(b)
      run[better](a)
      await routers.onlyOn(a)
    })

    test(`another interval, ${better} the better: version 2 has two active routers, version 3 one`, async () => {
      await using routers = new Routers(`interval-${better}`)
      const { a, b } = routers
      a.configure(instance(100).replace('advert_int 1', 'advert_int 2'))
      b.configure(instance(50))
      both(a, b)
      await until(
        () => a.has() && b.has(),
        'both have it',
        () => `${a.log}\n${b.log}`,
      )
      await Promise.all([a.end(), b.end()])
      a.configure(version3(200).replace('advert_int 0.2', 'advert_int 0.5'))
      b.configure(version3(50))
      both(a, b)
      await routers.onlyOn(a)
      await sleep(1500)
      await routers.onlyOn(a)
    })
  }

  test('another list of addresses: keepalived does not believe us up to 2.3.2, and we believe it as it does from 2.3.3 on', async () => {
    await using routers = new Routers('list')
    const { a, b } = routers
    a.configure(version3(200, '', [VIP, ip('192.168.41.250')]))
    b.configure(version3(50))
    a.runKeepalived()
    b.runSluice()
    await routers.onlyOn(a)
    await b.says(/expected 1 VIPs but received 2/)
    await Promise.all([a.end(), b.end()])
    a.runSluice()
    b.runKeepalived()
    if (version < 2.4) {
      await until(
        () => a.has() && b.has(),
        'both have it',
        () => `${a.log}\n${b.log}`,
      )
    } else await routers.onlyOn(a)
  })
})

test('sluice dump prints the advertisements of an election as tcpdump does', { skip }, async () => {
  await using routers = new Routers('dump')
  const { a } = routers
  a.configure(version3(200))
  a.runSluice()
  await routers.onlyOn(a)
  const { stdout, stderr, status } = a.sluice('dump', 'vrrp', '-i', 'eth0', '-c', '2')
  assert.equal(status, 0, stderr)
  const [first = ''] = stdout.split('\n')
  assert.match(
    first,
    /^\d\d:\d\d:\d\d\.\d{3} eth0 Out IP 192\.168\.41\.181 > 224\.0\.0\.18: VRRPv3, Advertisement, vrid 51, prio 200, intvl 20cs, length 12$/,
  )
})
