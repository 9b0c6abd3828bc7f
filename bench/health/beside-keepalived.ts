/** A thousand TCP checks a second by sluice and by keepalived, one after the other: processor time, and memory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openThousand, SERVERS } from './thousand.ts'

const SECONDS = 15
const TICKS_PER_SECOND = 100

interface Cost {
  readonly processorMs: number
  readonly memoryMib: number
}

const ours = await cost('sluice')
if (ours === undefined) throw new Error('sluice does not run')
const theirs = existsSync('/usr/sbin/keepalived') ? await cost('keepalived') : undefined
console.log(`${SERVERS} servers, a TCP_CHECK a second each, ${SECONDS} s: all processes of the daemon`)
say('sluice', ours)
if (theirs === undefined) console.log('  keepalived is not installed')
else {
  say('keepalived', theirs)
  const ratio = (of: keyof Cost) => (ours[of] / theirs[of]).toFixed(1)
  console.log(
    `  sluice needs ${ratio('processorMs')} times the processor time and ${ratio('memoryMib')} times the memory`,
  )
}

function say(name: string, { processorMs, memoryMib }: Cost): void {
  console.log(`  ${name}: ${processorMs.toFixed(1)} ms of processor time per 1,000 checks, ${memoryMib.toFixed(1)} MiB`)
}

async function cost(which: 'sluice' | 'keepalived'): Promise<Cost | undefined> {
  const thousand = await openThousand(which)
  try {
    await sleep(10_000)
    const pids = family(thousand.daemon.pid!)
    const before = processorMs(pids)
    await sleep(SECONDS * 1000)
    if (thousand.daemon.exitCode !== null) return undefined
    return { processorMs: (processorMs(pids) - before) / SECONDS / (SERVERS / 1000), memoryMib: memoryMib(pids) }
  } finally {
    await thousand.close()
  }
}

/** A process and all that came of it. */
function family(pid: number): readonly number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(name => [Number(name), Number(stat(Number(name))[1])]),
  )
  const found = [pid]
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child)
  return found
}

/** The fields behind the name of the program (proc(5)): state, parent, … */
function stat(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return []
  }
}

/** utime and stime. */
function processorMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ((Number(stat(pid)[11]) + Number(stat(pid)[12])) * 1000) / TICKS_PER_SECOND, 0)
}

/** Pages that several share are counted once in all. */
function memoryMib(pids: readonly number[]): number {
  const kib = (pid: number) => Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1])
  return pids.reduce((sum, pid) => sum + kib(pid), 0) / 1024
}
