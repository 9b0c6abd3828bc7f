import { configurationFile, FAULTY_FILE } from '../crew.ts'
import { sluice } from '../executable.ts'
import type { Scene } from '../scene.ts'
import { expect } from '../stage.ts'

/** `file:line:column: error[code]: message`. */
const ERROR_LINE = /^(.+:\d+:\d+): error\[[a-z-]+\]: (.*)$/m

export const configuration: Scene = {
  title: 'The configuration as the article prints it, and mended',
  async play(stage) {
    const master = stage.cluster.host('lvs-master')
    await stage.check('sluice check finds the missing brace', async () => {
      const { status, output } = await master.run(sluice('check', FAULTY_FILE))
      stage.screen.command('lvs-master', ['sluice', 'check', FAULTY_FILE], output)
      const [, place] = ERROR_LINE.exec(output) ?? []
      expect(status === 1 && place !== undefined, `it should end with 1 and name a place; it ended with ${status}`)
      expect(/\^/.test(output) && /^ *= /m.test(output), 'it should point with a caret and say the remedy')
      return { text: `sluice check finds the missing brace and points at ${place}` }
    })
    await stage.check('the mended files pass', async () => {
      const files = [configurationFile('lvs-master'), configurationFile('lvs-backup')]
      const { status, output } = await master.run(sluice('check', ...files))
      expect(status === 0, output)
      return undefined
    })
  },
}
