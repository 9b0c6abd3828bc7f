/**
 * Elections in trouble, by the thousand. `SIM_RUNS=100000` plays more of them, `SIM_SEED=17` plays one and tells its story.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokenPromise, Scenario } from './scenario.ts'

const runs = Number(process.env.SIM_RUNS ?? 2000)
const only = process.env.SIM_SEED

test(`the elections keep their promises in ${only === undefined ? `${runs} scenarios` : `scenario ${only}`}`, () => {
  const seeds = only === undefined ? Array.from({ length: runs }, (_, i) => i + 1) : [Number(only)]
  for (const seed of seeds) {
    try {
      new Scenario(seed, only === undefined ? undefined : line => console.log(line)).play()
    } catch (error) {
      assert.fail(`seed ${seed}: ${error instanceof BrokenPromise ? error.message : error}\n${transcript(seed)}`)
    }
  }
})

/** The end of the same story, told. */
function transcript(seed: number): string {
  const lines: string[] = []
  try {
    new Scenario(seed, line => lines.push(line)).play()
  } catch (error) {
    if (!(error instanceof BrokenPromise)) lines.push(String(error instanceof Error ? error.stack : error))
  }
  return [...lines.slice(0, 30), '…', ...lines.slice(30).slice(-120)].join('\n')
}
