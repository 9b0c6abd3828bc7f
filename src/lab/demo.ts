/** `sluice lab demo`: build the cluster, run it, break it, watch it heal, and leave nothing behind. */
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { Clients } from './clients.ts'
import { Cluster, removeCluster } from './cluster.ts'
import { engage, openRealServers } from './crew.ts'
import { sluice } from './executable.ts'
import { demoName, removeLeftovers } from './leftovers.ts'
import { picture } from './picture.ts'
import type { Scene } from './scene.ts'
import { bypass } from './scenes/bypass.ts'
import { cable } from './scenes/cable.ts'
import { configuration } from './scenes/configuration.ts'
import { health } from './scenes/health.ts'
import { ownership } from './scenes/ownership.ts'
import { restart } from './scenes/restart.ts'
import { spreading } from './scenes/spreading.ts'
import { takeover } from './scenes/takeover.ts'
import { type Output, Screen } from './screen.ts'
import { SegmentWatch } from './segment-watch.ts'
import { Stage } from './stage.ts'

const SCENES: readonly Scene[] = [configuration, ownership, spreading, bypass, health, restart, takeover, cable]
const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Interrupt = (typeof INTERRUPTS)[number]

/** The exit status: 0 if all checks passed, 1 if not, as a shell has it after an interrupt. */
export async function demo(output: Output): Promise<number> {
  const interrupt = new AbortController()
  for (const name of INTERRUPTS) process.on(name, () => interrupt.abort(name))
  const screen = new Screen(output)
  const name = demoName(process.pid)
  try {
    await removeLeftovers()
    await show(name, screen, interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    screen.text('\ninterrupted: everything is taken away')
    return 128 + constants.signals[interrupt.signal.reason as Interrupt]
  } finally {
    screen.stopWaiting()
    await removeCluster(name)
  }
  screen.text(`\n${screen.passed} checks passed, ${screen.failed} failed`)
  return screen.failed === 0 ? 0 : 1
}

async function show(name: string, screen: Screen, signal: AbortSignal): Promise<void> {
  screen.text(`The article's LVS cluster, in network namespaces of this machine\n\n${picture()}`)
  const cluster = await Cluster.build(name)
  const crew = engage(cluster)
  const clients = new Clients(cluster.host('client').start(sluice('lab-process', 'client'), 'ipc'))
  const watch = new SegmentWatch(cluster.host('client'))
  try {
    await openRealServers(cluster, crew)
    const stage = new Stage(cluster, crew, clients, watch, screen, signal)
    // The master's election takes its time: the first scene plays meanwhile.
    crew.directors['lvs-master'].start()
    await play(stage)
    if (screen.failed > 0) showLogs(stage)
  } finally {
    watch.close()
  }
}

async function play(stage: Stage): Promise<void> {
  for (const [i, scene] of SCENES.entries()) {
    stage.signal.throwIfAborted()
    stage.screen.heading(i + 1, scene.title)
    await scene.play(stage)
    if (scene === configuration) stage.crew.directors['lvs-backup'].start()
  }
}

const LOG_LINES_SHOWN = 15

function showLogs({ cluster, screen }: Stage): void {
  for (const name of ['lvs-master', 'lvs-backup'] as const) {
    const lines = readFileSync(cluster.host(name).logFile, 'utf8').trimEnd().split('\n')
    screen.command(name, ['tail', `${name}.log`], lines.slice(-LOG_LINES_SHOWN).join('\n'))
  }
}
