/** What the package offers. */
export type * from './destination.ts';
export type {
  CreateDestinationRequest,
  DestinationRequest,
  Destinations,
  ListDestinationsRequest,
  TenantRequest,
  UpdateDestinationRequest,
} from './destinations.ts';
export type { OAuthRedirect } from './generated.ts';
export type { Environment } from './environment.ts';
export {
  APIError,
  BadRequestError,
  ConnectionError,
  HTTPClientError,
  InternalServerError,
  InvalidRequestError,
  NotFoundError,
  OutpostError,
  RateLimitedError,
  RequestAbortedError,
  RequestTimeoutError,
  TimeoutError,
  UnauthorizedError,
} from './errors.ts';
export type { Operation } from './errors.ts';
export { Outpost } from './outpost.ts';
export type { OutpostOptions, Security } from './outpost.ts';
export type { BackoffStrategy, RetryConfig } from './retries.ts';
export type { ApiGeneration } from './tenant-path.ts';
export type { CallOptions, HTTPClient } from './transport.ts';
export { verifyWebhook, WebhookVerificationError } from './verify-webhook.ts';
export type { FailedCheck, VerifiedWebhook, VerifyWebhookOptions, WebhookHeaders } from './verify-webhook.ts';
