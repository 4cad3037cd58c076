// What a TypeScript client relies on, checked by the compiler alone.

import type { paths } from './humanops_api.js'

type Post = paths['/api/v1/tasks']['post']
type Headers = NonNullable<Post['parameters']['header']>
type Body = Post['requestBody']['content']['application/json']
type Refusal = paths['/api/v1/tasks']['post']['responses'][400]['content']['application/json']

export const simulated: Headers = { 'X-Sandbox': true }
export const usual: Headers = {}
// @ts-expect-error A header has a value or is not sent.
export const none: Headers = { 'X-Sandbox': null }

export const task: Body = {
  title: 'Confirm the opening hours',
  description: 'Call the shop and ask.',
  reward_usd: '12.50',
  deadline: '2026-02-06T12:00:00Z',
  proof_requirements: ['What was said'],
  task_type: 'CONTENT_REVIEW',
  // An optional field of a body may be null.
  external_id: null,
}

export const fields = (refusal: Refusal) => refusal.details?.map((fault) => fault.field) ?? []
