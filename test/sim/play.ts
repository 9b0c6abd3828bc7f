/** Plays scenarios in a thread of its own: the seeds from `from` to `to`, each `step`th. Tells the first that fails. */
import { parentPort, workerData } from 'node:worker_threads'
import { BrokenPromise } from './promises.ts'
import { Scenario } from './scenario.ts'

export interface Assignment {
  readonly from: number
  readonly to: number
  readonly step: number
}

/** What a thread says at its end. */
export interface Played {
  readonly scenarios: number
  readonly failure: { readonly seed: number; readonly text: string } | undefined
}

function play({ from, to, step }: Assignment): Played {
  let scenarios = 0
  for (let seed = from; seed <= to; seed += step) {
    try {
      new Scenario(seed).play()
      scenarios++
    } catch (error) {
      const text = error instanceof BrokenPromise ? error.message : String(error instanceof Error ? error.stack : error)
      return { scenarios, failure: { seed, text } }
    }
  }
  return { scenarios, failure: undefined }
}

parentPort?.postMessage(play(workerData as Assignment))
