/** Health checks in trouble. `HEALTH_LIVES=10000` lives more of them, `HEALTH_SEED=17` one, and tells its story. */
import { test } from 'node:test'
import { live } from './life.ts'

const lives = Number(process.env.HEALTH_LIVES ?? 100)
const only = process.env.HEALTH_SEED

if (only !== undefined)
  test(`the checkers keep their promises in life ${only}`, () => live(Number(only), line => console.log(line)))
else
  test(`the checkers keep their promises in ${lives} lives`, () => {
    for (let seed = 1; seed <= lives; seed++) {
      try {
        live(seed)
      } catch (error) {
        throw new Error(`life ${seed}: ${(error as Error).message} (HEALTH_SEED=${seed} tells its story)`, {
          cause: error,
        })
      }
    }
  })
