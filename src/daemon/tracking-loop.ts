/**
 * The scripts, files and processes that VRRP instances track, at work: the pure machines of `tracking/` are driven here,
 * and their verdicts told whenever one changes.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../model/configuration.ts'
import type { GlobalDefinitions } from '../model/global.ts'
import type { Script, TrackedProcess, TrackedScript } from '../model/script.ts'
import type { Instant } from '../model/time.ts'
import {
  countProcesses,
  type ProcessState,
  type ProcessStep,
  processWakeAt,
  startProcess,
  wakeProcess,
} from '../tracking/process.ts'
import { type ScriptEvent, type ScriptState, scriptWakeAt, startScript, stepScript } from '../tracking/script.ts'
import type { Verdicts } from '../tracking/verdict.ts'
import { type Follow, TrackedValues } from './tracked-values.ts'

export interface TrackingSurroundings {
  readonly now: () => Instant
  readonly wake: (at: Instant, callback: () => void) => () => void
  /** Runs it and reports its end; the result ends it, and nothing is reported any more. */
  readonly run: (script: Script, global: GlobalDefinitions, onEnd: (event: ScriptEvent) => void) => () => void
  /** Runs it and lets it go. */
  readonly launch: (script: Script, global: GlobalDefinitions) => void
  readonly follow: Follow
  /** From now on, tells how many there are of each, by `counted`. */
  readonly count: (processes: readonly TrackedProcess[]) => void
  readonly tell: (verdicts: OwnVerdicts) => void
  readonly log: (text: string) => void
}

/** What is known here; BFD is somebody else's. */
type OwnVerdicts = Omit<Verdicts, 'bfd'>

interface Running<T, S> {
  readonly tracked: T
  state: S
  cancelWake: () => void
}
type RunningScript = Running<TrackedScript, ScriptState> & { end: () => void }
type RunningProcess = Running<TrackedProcess, ProcessState>

const nothing = () => {}

export class TrackingLoop {
  readonly #world: TrackingSurroundings
  readonly #files: TrackedValues
  #configuration: Configuration | undefined
  #scripts = new Map<string, RunningScript>()
  #processes = new Map<string, RunningProcess>()
  #told: OwnVerdicts | undefined

  constructor(world: TrackingSurroundings) {
    this.#world = world
    this.#files = new TrackedValues(world.follow)
  }

  /** Starts, or reloads: what is tracked as before goes on as it was. */
  configure(configuration: Configuration): void {
    this.#configuration = configuration
    const wanted = usedTrackers(configuration)
    const scripts = configuration.scripts.filter(({ name }) => wanted.has(name))
    const processes = configuration.trackProcesses.filter(({ name }) => wanted.has(name))
    const before = this.#scripts
    this.#scripts = new Map(
      scripts.map(script => [script.name, keep(before.get(script.name), script) ?? this.#open(script)]),
    )
    for (const [name, script] of before) if (this.#scripts.get(name) !== script) retire(script)
    for (const script of this.#scripts.values()) this.#awaitScript(script)

    const counted = this.#processes
    this.#processes = new Map(
      processes.flatMap(process => {
        const kept = keep(counted.get(process.name), process)
        return kept === undefined ? [] : [[process.name, kept] as const]
      }),
    )
    for (const [name, process] of counted) if (this.#processes.get(name) !== process) process.cancelWake()
    this.#files.configure(
      configuration.trackFiles.filter(({ name }) => wanted.has(name)),
      () => this.#tell(),
    )
    if (processes.length > 0 || counted.size > 0) this.#world.count(processes)
    this.#tell()
  }

  counted(process: TrackedProcess, count: number): void {
    const running = this.#processes.get(process.name)
    const now = this.#world.now()
    if (running !== undefined) {
      this.#performProcess(running, countProcesses(running.tracked, running.state, count, now))
      return
    }
    const step = startProcess(process, count, now)
    const fresh: RunningProcess = { tracked: process, state: step.state, cancelWake: nothing }
    this.#processes.set(process.name, fresh)
    this.#performProcess(fresh, step)
  }

  stop(): void {
    for (const script of this.#scripts.values()) retire(script)
    for (const process of this.#processes.values()) process.cancelWake()
    this.#files.close()
    this.#scripts.clear()
    this.#processes.clear()
  }

  #open(tracked: TrackedScript): RunningScript {
    return { tracked, state: startScript(tracked, this.#world.now()), cancelWake: nothing, end: nothing }
  }

  #awaitScript(script: RunningScript): void {
    script.cancelWake()
    const at = scriptWakeAt(script.state)
    if (at !== undefined) script.cancelWake = this.#world.wake(at, () => this.#stepScript(script, { type: 'wake' }))
  }

  #stepScript(script: RunningScript, event: ScriptEvent): void {
    const { state, effects } = stepScript(script.tracked, script.state, event, this.#world.now())
    script.state = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'run':
          script.end = this.#world.run(script.tracked.script, this.#configuration!.global, end =>
            this.#stepScript(script, end),
          )
          break
        case 'kill':
          script.end()
          script.end = nothing
          break
        case 'log':
          this.#world.log(effect.text)
      }
    }
    this.#awaitScript(script)
    this.#tell()
  }

  #performProcess(process: RunningProcess, { state, effects }: ProcessStep): void {
    process.state = state
    for (const effect of effects) {
      if (effect.type === 'log') this.#world.log(effect.text)
      else if (process.tracked.restart !== undefined)
        this.#world.launch(process.tracked.restart, this.#configuration!.global)
    }
    process.cancelWake()
    const at = processWakeAt(state)
    if (at !== undefined)
      process.cancelWake = this.#world.wake(at, () =>
        this.#performProcess(process, wakeProcess(process.tracked, process.state, this.#world.now())),
      )
    this.#tell()
  }

  #tell(): void {
    const scripts = [...this.#scripts.values()].flatMap(({ tracked, state }) =>
      state.up === undefined ? [] : [[tracked.name, state.up] as const],
    )
    const processes = [...this.#processes.values()].map(({ tracked, state }) => [tracked.name, state.up] as const)
    const files = (this.#configuration?.trackFiles ?? []).map(({ name }) => [name, this.#files.value(name)] as const)
    const verdicts: OwnVerdicts = {
      scripts: Object.fromEntries(scripts),
      files: Object.fromEntries(files),
      processes: Object.fromEntries(processes),
    }
    if (isDeepStrictEqual(verdicts, this.#told)) return
    this.#told = verdicts
    this.#world.tell(verdicts)
  }
}

/** The names of what instances and groups track. */
function usedTrackers({ vrrpInstances, vrrpSyncGroups }: Configuration): ReadonlySet<string> {
  return new Set(
    [...vrrpInstances, ...vrrpSyncGroups].flatMap(({ track }) =>
      [...track.scripts, ...track.files, ...track.processes].map(({ name }) => name),
    ),
  )
}

/** What runs already and is asked for unchanged. */
function keep<R extends { readonly tracked: object }>(running: R | undefined, tracked: R['tracked']): R | undefined {
  return running !== undefined && isDeepStrictEqual(running.tracked, tracked) ? running : undefined
}

function retire(script: RunningScript): void {
  script.cancelWake()
  script.end()
}
