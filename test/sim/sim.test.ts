/**
 * Elections in trouble, by the hundred thousand. `SIM_RUNS=1000000` plays more of them, `SIM_FIRST=100001` begins with
 * another, `SIM_SEED=17` plays one and tells its story.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import type { Assignment, Played } from './play.ts'
import { BrokenPromise } from './promises.ts'
import { Scenario } from './scenario.ts'

const first = Number(process.env.SIM_FIRST ?? 1)
const runs = Number(process.env.SIM_RUNS ?? 100_000)
const only = process.env.SIM_SEED

if (only !== undefined) {
  test(`the elections keep their promises in scenario ${only}`, () => {
    new Scenario(Number(only), line => console.log(line)).play()
  })
} else {
  test(`the elections keep their promises in ${runs} scenarios`, async () => {
    const threads = availableParallelism()
    const folder = mkdtempSync(join('node_modules', '.sim-'))
    try {
      const program = join(folder, 'play.mjs')
      // In one piece, as it is shipped: what a loader adds for the sake of names makes it slow.
      await build({
        entryPoints: ['test/sim/play.ts'],
        outfile: program,
        bundle: true,
        platform: 'node',
        format: 'esm',
      })
      const assignments = Array.from({ length: threads }, (_, i) => {
        return { from: first + i, to: first + runs - 1, step: threads }
      })
      const played = await Promise.all(assignments.map(assignment => playInThread(program, assignment)))
      const failures = played.flatMap(({ failure }) => failure ?? []).sort((a, b) => a.seed - b.seed)
      for (const { seed, text } of failures) assert.fail(`seed ${seed}: ${text}\n${transcript(seed)}`)
      assert.equal(
        played.reduce((sum, { scenarios }) => sum + scenarios, 0),
        runs,
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

function playInThread(program: string, workerData: Assignment): Promise<Played> {
  const options = { workerData, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 64 } }
  const worker = new Worker(join(process.cwd(), program), options)
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** The beginning and the end of the same story, told. */
function transcript(seed: number): string {
  const lines: string[] = []
  try {
    new Scenario(seed, line => lines.push(line)).play()
  } catch (error) {
    if (!(error instanceof BrokenPromise)) lines.push(String(error instanceof Error ? error.stack : error))
  }
  return [...lines.slice(0, 30), '…', ...lines.slice(30).slice(-120)].join('\n')
}
