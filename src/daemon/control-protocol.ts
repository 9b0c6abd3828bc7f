/**
 * What is said over the control socket: a line of JSON each way, `{"command":"status"}` and its answer. Requests are
 * strangers' bytes: they are answered with an error, and never harm the daemon.
 */
export type ControlRequest =
  | { readonly command: 'status' }
  /** `server` is `ADDRESS` or `ADDRESS:PORT`; the answer are the endpoints that were meant. */
  | { readonly command: 'drain' | 'undrain'; readonly server: string }

export type ControlAnswer<T> =
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly error: string }

export const REQUEST_BYTES_MAX = 4096

export function parseRequest(line: string): ControlRequest | { readonly error: string } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { error: 'the request is not JSON' }
  }
  if (typeof value !== 'object' || value === null || !('command' in value))
    return { error: 'the request has no "command"' }
  if (value.command === 'status') return { command: 'status' }
  if (value.command === 'drain' || value.command === 'undrain') {
    if (!('server' in value) || typeof value.server !== 'string') return { error: 'the request has no "server"' }
    return { command: value.command, server: value.server }
  }
  return { error: `there is no command ${JSON.stringify(value.command)?.slice(0, 60)}` }
}
