/** `sluice run` on a director, a real server beside it: the service table follows what answers, through crashes too. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { addAddress, deleteAddress } from '../../src/kernel/address.ts'
import { inNamespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { removeServiceTable } from '../../src/kernel/service-table.ts'
import { type Router, Routers, until, VIP } from './routers.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

function pool(servers: readonly string[], interval = 1): string {
  const real = servers.map(
    address => `real_server ${address} 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 1
            retry 1
            delay_before_retry 1
            warmup 0
        }
    }`,
  )
  return `virtual_server ${VIP} 80 {
    delay_loop ${interval}
    lb_algo rr
    lb_kind DR
    protocol TCP
    ${real.join('\n    ')}
}
`
}

/** Accepts connections on port 80 of every address of the machine until it is killed. */
async function serve(router: Router): Promise<ChildProcess> {
  const script = `require('node:http').createServer((_, response) => response.end('ok')).listen(80, () => console.log('on'))`
  const server = inNamespace(router.namespace, () =>
    spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  await once(server.stdout, 'data')
  return server
}

/** The real servers in the table, with their weights, as ipvsadm lists them. */
function listed(router: Router): string {
  const { status, stdout, stderr } = router.sluice('ipvsadm', '-Ln')
  if (status !== 0) return `ipvsadm failed: ${stderr}`
  return [...stdout.matchAll(/-> ([0-9.]+):80\s+Route\s+(\d+)/g)]
    .map(([, address, weight]) => `${address} ${weight}`)
    .join(', ')
}

async function lists(router: Router, servers: string): Promise<void> {
  await until(
    () => listed(router) === servers,
    `the table lists ${servers || 'nobody'}`,
    () => `${router.sluice('ipvsadm', '-Ln').stdout}\n${router.log}`,
  )
}

test('a server that stops answering leaves the table and returns, and a crash of the daemon changes nothing', {
  skip,
}, async () => {
  await using routers = new Routers('checks')
  const { a, b } = routers
  const cookie = inNamespace(a.namespace, namespaceCookie)
  let server = await serve(b)
  try {
    a.configure(pool([b.address, '192.168.41.99']))
    a.runSluice()
    await a.says(/TCP_CHECK on service \[192\.168\.41\.99\]:tcp:80 failed/)
    await lists(a, `${b.address} 1`)

    await a.end('SIGKILL')
    assert.equal(listed(a), `${b.address} 1`)
    a.runSluice()
    await a.says(/TCP connection to \[192\.168\.41\.251\]:tcp:80 success/)
    assert.doesNotMatch(a.log, /Adding service|Removing service/)
    assert.equal(listed(a), `${b.address} 1`)

    server.kill('SIGKILL')
    await lists(a, '')
    await a.says(/TCP_CHECK on service \[192\.168\.41\.251\]:tcp:80 failed after 1 retries/)
    server = await serve(b)
    await lists(a, `${b.address} 1`)
    const [virtual] = a.status().virtualServers
    assert.deepEqual(
      virtual?.realServers.map(({ address, up }) => [address, up]),
      [
        [b.address, true],
        ['192.168.41.99', false],
      ],
    )

    a.sluice('ipvsadm', '-a', '-t', `${VIP}:80`, '-r', '192.168.41.77', '-g')
    a.sluice('ipvsadm', '-A', '-t', '192.168.41.200:25', '-s', 'rr')
    a.configure(pool([]).replace('}', `real_server ${b.address} 80 {\n}\n}`))
    a.signal('SIGHUP')
    await a.says(/Reload complete/)
    await lists(a, `192.168.41.77 1, ${b.address} 1`)
    assert.equal(await a.end(), 0)
    assert.equal(listed(a), '192.168.41.77 1')
    assert.match(a.sluice('ipvsadm', '-Ln').stdout, /192\.168\.41\.200:25 rr/)
  } finally {
    server.kill('SIGKILL')
    await a.end('SIGKILL')
    inNamespace(a.namespace, () => removeServiceTable(cookie))
  }
})

test('what is edited by hand stays so while checks come and go, and neither undoes the other', { skip }, async () => {
  await using routers = new Routers('hands')
  const { a, b } = routers
  const cookie = inNamespace(a.namespace, namespaceCookie)
  const byHand = (...words: string[]) => assert.equal(a.sluice('ipvsadm', ...words).stderr, '')
  let server = await serve(b)
  try {
    a.configure(pool([b.address]))
    a.runSluice()
    await lists(a, `${b.address} 1`)
    byHand('-a', '-t', `${VIP}:80`, '-r', '192.168.41.77', '-g', '-w', '5')
    byHand('-A', '-t', '192.168.41.200:25', '-s', 'rr')
    for (const weight of [6, 7]) {
      server.kill('SIGKILL')
      byHand('-e', '-t', `${VIP}:80`, '-r', '192.168.41.77', '-g', '-w', `${weight}`)
      await lists(a, `192.168.41.77 ${weight}`)
      byHand('-E', '-t', '192.168.41.200:25', '-s', 'wrr', '-p', `${weight}`)
      server = await serve(b)
      await lists(a, `192.168.41.77 ${weight}, ${b.address} 1`)
      assert.match(a.sluice('ipvsadm', '-Ln').stdout, new RegExp(`192\\.168\\.41\\.200:25 wrr persistent ${weight}\n`))
    }
    assert.equal(await a.end(), 0)
    assert.equal(listed(a), '192.168.41.77 7')
  } finally {
    server.kill('SIGKILL')
    await a.end('SIGKILL')
    inNamespace(a.namespace, () => removeServiceTable(cookie))
  }
})

test('pages, programs, weights and an operator who drains: what the table lists follows all of them', {
  skip,
}, async () => {
  await using routers = new Routers('verdicts')
  const { a, b } = routers
  const cookie = inNamespace(a.namespace, namespaceCookie)
  const server = await serve(b)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-checks-'))
  const weight = join(folder, 'weight.sh')
  const exits = (status: number) => {
    writeFileSync(weight, `#!/bin/sh\nexit ${status}\n`)
    chmodSync(weight, 0o755)
  }
  try {
    exits(9)
    a.configure(`virtual_server ${VIP} 80 {
    delay_loop 1
    lb_algo wrr
    lb_kind DR
    protocol TCP
    real_server ${b.address} 80 {
        HTTP_GET {
            url {
                path /
                status_code 200
                digest 444bcb3a3fcf8389296c49467f27e1d6
            }
            warmup 0
        }
        PING_CHECK {
            warmup 0
        }
        MISC_CHECK {
            misc_path ${weight}
            misc_dynamic
            user root
            warmup 0
        }
    }
}
`)
    a.runSluice()
    await a.says(/Remote Web server .* succeed on service/)
    await a.says(/ICMP connection to .* success/)
    await lists(a, `${b.address} 7`)
    assert.equal(a.sluice('drain', b.address).stdout, `${b.address}:80 drained: no new connections\n`)
    await lists(a, `${b.address} 0`)
    assert.match(a.sluice('status').stdout, /DRAINED, weight 0: HTTP_GET passes since .*MISC_CHECK passes/)
    assert.match(a.sluice('drain', '192.0.2.1').stderr, /no virtual server has a real server 192\.0\.2\.1/)
    assert.equal(a.sluice('undrain', `${b.address}:80`).status, 0)
    await lists(a, `${b.address} 7`)
    exits(1)
    await a.says(/Misc check for .* failed \(exited with status 1\)/)
    await lists(a, '')
    exits(4)
    await lists(a, `${b.address} 2`)
    assert.equal(await a.end(), 0)
  } finally {
    server.kill('SIGKILL')
    await a.end('SIGKILL')
    inNamespace(a.namespace, () => removeServiceTable(cookie))
    rmSync(folder, { recursive: true })
  }
})

test('a group of addresses, each of which rests while it is elsewhere; the quorum has its scripts', {
  skip,
}, async () => {
  await using routers = new Routers('group')
  const { a, b } = routers
  const cookie = inNamespace(a.namespace, namespaceCookie)
  let server = await serve(b)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-group-'))
  const told = join(folder, 'told')
  const script = join(folder, 'tell.sh')
  writeFileSync(script, `#!/bin/sh\necho "$1" >> ${told}\n`)
  chmodSync(script, 0o755)
  const ran = () => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n').sort().join(' ') : '')
  const addresses = [ip('192.168.41.249'), ip('192.168.41.250')]
  const place = (work: (route: RouteSocket, address: Ip) => void) => {
    using route = new RouteSocket(a.namespace)
    for (const address of addresses) work(route, address)
  }
  try {
    a.configure(`virtual_server_group G {
    192.168.41.249-250 80
}
virtual_server group G {
    delay_loop 1
    warmup 0
    retry 0
    lb_algo rr
    lb_kind DR
    protocol TCP
    ha_suspend
    quorum_up "${script} up"
    quorum_down "${script} down"
    real_server ${b.address} 80 {
        TCP_CHECK {
            connect_timeout 1
        }
    }
}
`)
    a.runSluice()
    await a.says(/Suspending healthchecker .*41\.249[\s\S]*Suspending healthchecker .*41\.250/)
    await until(
      () => ran() === 'up up',
      'both quorums are told',
      () => `${ran()}\n${a.log}`,
    )
    assert.match(a.sluice('status').stdout, /checks rest: the address is not here/)
    assert.doesNotMatch(a.log, /TCP connection/)

    place((route, address) => addAddress(route, 'eth0', { address, prefix: 32 }))
    await a.says(/Activating healthchecker .*41\.249[\s\S]*Activating healthchecker .*41\.250/)
    await a.says(/TCP connection to \[192\.168\.41\.251\]:tcp:80 success/)
    assert.match(a.sluice('status').stdout, /one probe for 2/)
    server.kill('SIGKILL')
    await lists(a, '')
    await until(
      () => ran() === 'down down up up',
      'both are told again',
      () => `${ran()}\n${a.log}`,
    )
    server = await serve(b)
    await lists(a, `${b.address} 1, ${b.address} 1`)
    await until(
      () => ran() === 'down down up up up up',
      'and again',
      () => `${ran()}\n${a.log}`,
    )

    place((route, address) => deleteAddress(route, 'eth0', { address, prefix: 32 }))
    await until(
      () => a.log.split('Suspending').length === 5,
      'both rest again',
      () => a.log,
    )
    server.kill('SIGKILL')
    const probes = () => a.status().virtualServers.map(({ suspended }) => suspended)
    assert.deepEqual(probes(), [true, true])
    assert.equal(listed(a), `${b.address} 1, ${b.address} 1`)
    assert.equal(await a.end(), 0)
  } finally {
    server.kill('SIGKILL')
    await a.end('SIGKILL')
    inNamespace(a.namespace, () => removeServiceTable(cookie))
    rmSync(folder, { recursive: true })
  }
})
