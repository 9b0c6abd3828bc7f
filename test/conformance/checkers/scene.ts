/**
 * One scene for keepalived and for sluice: a service for each type of checker, whose servers are well, then fail, then
 * return. What the daemon logs, writes to its pipe, runs and mails about each service is the transcript.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ip } from '../../../src/bytes/address.ts'
import { addAddress, deleteAddress } from '../../../src/kernel/address.ts'
import { setLink } from '../../../src/kernel/link.ts'
import { createNamespace, deleteNamespace, inNamespace, namespaceCookie } from '../../../src/kernel/namespace.ts'
import { RouteSocket } from '../../../src/kernel/route-socket.ts'
import { removeServiceTable } from '../../../src/kernel/service-table.ts'

interface Service {
  readonly name: string
  readonly checkers: string
  readonly service?: string
  readonly server?: string
}

function web(port: number, ...words: readonly string[]): string {
  return `HTTP_GET {\n ${words.join('\n ')}\n connect_port ${port}\n }`
}

function url(...words: readonly string[]): string {
  return `url {\n ${words.join('\n ')}\n }`
}

function checker(type: string, port: number, ...words: readonly string[]): string {
  return `${type} {\n connect_port ${port}\n ${words.join('\n ')}\n }`
}

const PAGE = url('path /', 'status_code 200')
const TCP = checker('TCP_CHECK', 8001)
/** MD5 of `hello`. */
const DIGEST = 'digest 5d41402abc4b2a76b9719d911017c592'
const NAME = ['type A', 'name example.org', 'retry 1', 'delay_before_retry 1']

/** Their servers are 127.0.1.1, 127.0.1.2 and so on; what is asked are the ports that `servers.ts` listens on. */
export const SERVICES: readonly Service[] = [
  { name: 'tcp', checkers: TCP },
  { name: 'http', checkers: web(8002, PAGE, url('path /digest', DIGEST)) },
  { name: 'tls', checkers: `SSL_GET {\n ${PAGE}\n connect_port 8003\n }` },
  { name: 'smtp', checkers: checker('SMTP_CHECK', 8004) },
  { name: 'dns', checkers: checker('DNS_CHECK', 8005, 'connect_ip 127.0.1.5', ...NAME) },
  { name: 'udp', checkers: checker('UDP_CHECK', 8006, 'connect_ip 127.0.1.6', 'payload 01', 'require_reply 01') },
  { name: 'misc', checkers: 'MISC_CHECK {\n misc_path "FOLDER/misc.sh"\n user root\n }' },
  { name: 'dynamic', checkers: 'MISC_CHECK {\n misc_path "FOLDER/dynamic.sh"\n misc_dynamic\n user root\n }' },
  { name: 'file', checkers: 'FILE_CHECK {\n track_file number\n weight 0\n }' },
  { name: 'weight', checkers: 'FILE_CHECK {\n track_file number\n weight 3\n }' },
  { name: 'both', checkers: `${TCP}\n ${web(8002, PAGE)}` },
  { name: 'alpha', service: 'alpha', checkers: TCP },
  { name: 'inhibit', server: 'inhibit_on_failure', checkers: TCP },
  { name: 'sorry', service: 'sorry_server 127.0.2.1 80', checkers: TCP },
  { name: 'omega', service: 'omega', checkers: TCP },
  { name: 'patient', checkers: checker('TCP_CHECK', 8001, 'retry 2', 'log_all_failures') },
  { name: 'unchecked', checkers: '' },
  { name: 'sick-tls', checkers: `SSL_GET {\n ${PAGE}\n connect_port 8007\n }` },
  { name: 'status', checkers: web(8002, 'log_all_failures', PAGE) },
  { name: 'digest', checkers: web(8008, 'log_all_failures', url('path /', DIGEST)) },
  { name: 'regex', checkers: web(8008, 'log_all_failures', url('path /', 'regex hel+o')) },
  { name: 'gone-web', checkers: web(8001, 'log_all_failures', PAGE), service: 'alpha' },
  { name: 'mute-web', checkers: web(8009, 'log_all_failures', PAGE) },
  { name: 'gone-mail', checkers: checker('SMTP_CHECK', 8010) },
  { name: 'rude-mail', checkers: checker('SMTP_CHECK', 8011) },
  { name: 'mute-name', checkers: checker('DNS_CHECK', 8005, 'connect_ip 127.0.1.27', ...NAME) },
  { name: 'gone-udp', checkers: checker('UDP_CHECK', 8012, 'connect_ip 127.0.1.28') },
  { name: 'ping', checkers: 'PING_CHECK {\n connect_ip 10.8.0.1\n }' },
  { name: 'slow', checkers: 'MISC_CHECK {\n misc_path "FOLDER/slow.sh"\n misc_timeout 1\n user root\n }' },
  { name: 'dying', checkers: 'MISC_CHECK {\n misc_path "FOLDER/dying.sh"\n user root\n }' },
  { name: 'hysteresis', service: 'quorum 2\n hysteresis 1', server: 'weight 3', checkers: TCP },
]

export interface Transcript {
  readonly [service: string]: readonly string[]
}

/**
 * `run` starts the daemon in the namespace of the scene. Each act lasts some seconds, or until as much was said as is
 * expected, however busy the machine is.
 */
export async function play(
  run: (folder: string, file: string) => ChildProcess,
  expected?: Transcript,
): Promise<Transcript> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-scene-'))
  const namespace = createNamespace(`sluice-scene-${process.pid}`)
  const cookie = inNamespace(namespace, namespaceCookie)
  const started: ChildProcess[] = []
  const start = (work: () => ChildProcess) => {
    const child = inNamespace(namespace, work)
    started.push(child)
    return child
  }
  try {
    using route = new RouteSocket(namespace)
    setLink(route, 'lo', { up: true })
    addAddress(route, 'lo', { address: ip('10.8.0.1'), prefix: 32 })
    const servers = start(() =>
      spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('servers.ts', import.meta.url)), folder], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    )
    await once(servers.stdout!, 'data')
    const file = configure(folder)
    let output = ''
    const daemon = start(() => run(folder, file))
    for (const stream of [daemon.stdout, daemon.stderr]) stream?.on('data', bytes => (output += bytes))
    const gone = once(daemon, 'exit')
    const act = async (number: number) => {
      if (expected === undefined) return await sleep(8000)
      const said = () => transcript(output, folder)
      const done = () => SERVICES.every(({ name }) => linesOf(said(), name, number) >= linesOf(expected, name, number))
      for (let tries = 0; tries < TRIES && !done(); tries++) await sleep(100)
      // Programs and mails follow, one by one.
      for (let before = ''; before !== JSON.stringify(said()); ) {
        before = JSON.stringify(said())
        await sleep(2000)
      }
    }
    await act(0)
    for (const [i, order] of ['down', 'up'].entries()) {
      appendFileSync(join(folder, 'happened'), `${order}\n`)
      output += `\n== ${order}\n`
      if (order === 'down') deleteAddress(route, 'lo', { address: ip('10.8.0.1'), prefix: 32 })
      else addAddress(route, 'lo', { address: ip('10.8.0.1'), prefix: 32 })
      servers.stdin!.write(`${order}\n`)
      await once(servers.stdout!, 'data')
      health(folder, order === 'up')
      await act(i + 1)
    }
    output += '\n== end\n'
    daemon.kill('SIGTERM')
    await gone
    await sleep(2000)
    if (process.env.SLUICE_SCENE_LOG !== undefined) writeFileSync(process.env.SLUICE_SCENE_LOG, output)
    return transcript(output, folder)
  } finally {
    for (const child of started) child.kill('SIGKILL')
    inNamespace(namespace, () => removeServiceTable(cookie))
    deleteNamespace(namespace.name)
    namespace.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const TRIES = 400

/** How many lines of the log one act of the scene has about a service. */
function linesOf(said: Transcript, name: string, act: number): number {
  let number = 0
  let lines = 0
  for (const line of said[name] ?? [])
    if (line.startsWith('log  == ')) number++
    else if (line.startsWith('log  ') && number === act) lines++
  return lines
}

function configure(folder: string): string {
  script(folder, 'run.sh', `echo "$*" >> ${folder}/ran`)
  script(folder, 'pipe.sh', `exec cat "$1" >> ${folder}/lines`)
  health(folder, true)
  const services = SERVICES.map(({ name, checkers, service = '', server = '' }, i) => {
    const tell = (event: string) => `${event} "${folder}/run.sh ${name} ${event}"`
    return `virtual_server 10.9.0.${i + 1} 80 {
    delay_loop 1
    lb_algo rr
    lb_kind NAT
    protocol TCP
    retry 1
    delay_before_retry 1
    warmup 0
    connect_timeout 1
    smtp_alert
    ${tell('quorum_up')}
    ${tell('quorum_down')}
    ${service}
    real_server 127.0.1.${i + 1} 80 {
        ${server}
        ${tell('notify_up')}
        ${tell('notify_down')}
        ${checkers}
    }
}`
  })
  const text = `global_defs {
    router_id LVS_DEVEL
    notification_email {
        admin@example.org
    }
    notification_email_from lvs@example.org
    smtp_server 127.0.0.1 2525
    smtp_connect_timeout 3
    lvs_notify_fifo ${folder}/fifo
    lvs_notify_fifo_script "${folder}/pipe.sh"
    script_user root
}
track_file number {
    file "${folder}/number"
}
${services.join('\n')}
`
  const file = join(folder, 'keepalived.conf')
  writeFileSync(file, text.replaceAll('FOLDER', folder))
  return file
}

/** What the programs and the file say. */
function health(folder: string, well: boolean): void {
  script(folder, 'misc.sh', `exit ${well ? 0 : 3}`)
  script(folder, 'dynamic.sh', `exit ${well ? 7 : 4}`)
  script(folder, 'slow.sh', well ? 'exit 0' : 'sleep 4')
  script(folder, 'dying.sh', well ? 'exit 0' : 'kill -9 $$')
  writeFileSync(join(folder, 'number'), well ? '0\n' : '2\n')
}

function script(folder: string, name: string, text: string): void {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** What was said of each service, in its order, with the time and the folder taken out. */
function transcript(output: string, folder: string): Transcript {
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '')
  const lines = output.split('\n').map(line => line.replace(/^.*?\d\d:\d\d:\d\d(\.\d+)? (\d{4}: )?(\w+: )?/, '').trim())
  const sources = [
    ['log', lines],
    ['pipe', read('lines').replaceAll('\0', '').split('\n')],
    ['ran', read('ran').split('\n')],
    ['mail', read('mails').split('\n')],
  ] as const
  return Object.fromEntries(
    SERVICES.map(({ name }, i) => {
      const about = new RegExp(`(10\\.9\\.0|127\\.0\\.1)\\.${i + 1}\\]|^${name} |^== `)
      const said = sources.flatMap(([source, all]) =>
        all
          .filter(line => about.test(line))
          .filter((line, at, kept) => !line.startsWith('== ') || source === 'log' || kept.length < at)
          .map(line => line.replace(/^HELO \S+/, 'HELO HOST'))
          .map(line => `${source}  ${line.replaceAll(folder, 'FOLDER')}`),
      )
      // Programs and mails of one moment overtake each other.
      const free = said.filter(line => /^(ran|mail)/.test(line)).sort()
      return [name, [...said.filter(line => !/^(ran|mail)/.test(line)), ...free]]
    }),
  )
}
