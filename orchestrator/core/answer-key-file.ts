/**
 * The file in OUTPUT_DIR that the producer writes which faults it has put into the records, as JSON lines. It tells of the
 * topic's records, so it is kept and wiped with the topic.
 */
export const ANSWER_KEY_FILE = 'answer-key.jsonl';
