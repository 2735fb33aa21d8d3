export function compileTopics(topics: readonly string[]): (topic: string) => boolean { return (topic) => topics.includes('*') || topics.includes(topic); }
