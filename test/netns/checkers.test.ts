/** `sluice run` on a director, a real server beside it: the service table follows what answers, through crashes too. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { inNamespace, namespaceCookie } from '../../src/kernel/namespace.ts'
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
