/** Asks the daemon of this network namespace, for `sluice status` and its kin. */
import { connect } from 'node:net'
import type { Snapshot } from '../observe/snapshot.ts'
import type { ControlAnswer, ControlRequest } from './control-protocol.ts'
import { LineReader } from './line-reader.ts'
import { runFile } from './run-directory.ts'

/** No daemon answers here: the message says so, and what to do. */
export class NoDaemonError extends Error {
  override readonly name = 'NoDaemonError'
}

/** The daemon answers, and will not: the message says why. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

const ANSWER_BYTES_MAX = 256 * 1024 * 1024
const PATIENCE_MS = 5000

/** Throws NoDaemonError if none runs in this network namespace. */
export async function requestStatus(path: string = runFile('control.sock')): Promise<Snapshot> {
  const answer = (await request(path, { command: 'status' })) as ControlAnswer<Snapshot>
  if (!answer.ok) throw new Error(`the daemon refused: ${answer.error}`)
  return answer.answer
}

/** Takes real servers out of service, or back. Returns the endpoints that were meant; throws why there are none. */
export async function requestDrain(
  command: 'drain' | 'undrain',
  server: string,
  path: string = runFile('control.sock'),
): Promise<readonly string[]> {
  const answer = (await request(path, { command, server })) as ControlAnswer<readonly string[]>
  if (!answer.ok) throw new RefusedError(answer.error)
  return answer.answer
}

function request(path: string, wish: ControlRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const reader = new LineReader(ANSWER_BYTES_MAX)
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(PATIENCE_MS, () => fail(new NoDaemonError('the daemon does not answer: is it stopped or stuck?')))
    socket.on('connect', () => socket.write(`${JSON.stringify(wish)}\n`))
    socket.on('error', (error: NodeJS.ErrnoException) => fail(absence(error)))
    socket.on('close', () => fail(new NoDaemonError('the daemon ended while it was asked')))
    socket.on('data', chunk => {
      const [line] = reader.push(chunk) ?? []
      if (line === undefined) return
      socket.removeAllListeners('close')
      socket.destroy()
      resolve(JSON.parse(line))
    })
  })
}

function absence(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EACCES') return new NoDaemonError('only root may ask the daemon: use sudo')
  if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') return error
  return new NoDaemonError('no sluice daemon runs in this network namespace: start one with "sluice run"')
}
