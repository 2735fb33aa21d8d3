/** Where v1 lives. */
export const PREFIX = '/api/v1';
