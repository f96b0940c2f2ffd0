/**
 * The resolved pipeline: what `pipeline.json` holds, and what job, `verify`, `peek` and the producer's checks read.
 * Numbers in constraints and literals are texts, so that no value goes through a double that need not.
 */
export interface Pipeline {
  /** Version of this form. */
  readonly version: 1;
  readonly name: string;
  /** SHA-256 of everything that decides the outputs, as hexadecimal digits. */
  readonly fingerprint: string;
  readonly source: Source;
  readonly eventTime: EventTime;
  /** What becomes of a member of the event that the contract does not have. */
  readonly unknownFields: 'ignore' | 'quarantine';
  /** The contract's properties, in its order. */
  readonly fields: readonly Field[];
  readonly expectations: {
    /** Counted where they are false; the row stays. */
    readonly expect: readonly Expectation[];
    /** A row for which one is false goes to quarantine, with its name as the reason. */
    readonly expectOrQuarantine: readonly Expectation[];
  };
  readonly rawCsv: { readonly columns: readonly string[] };
  readonly gold: readonly GoldTable[];
}

/** Where the events come from. */
export interface Source {
  readonly topic: string;
  /** Partitions of the topic when it is created. */
  readonly partitions: number;
  /** The field that is the record's key; null when records have none. */
  readonly key: string | null;
}

export interface EventTime {
  /** A field of type timestamp, or `kafka_ts` for the record's own time. */
  readonly field: string;
  readonly watermarkMs: number;
}

/** A value of the event: a property of the contract, or the elements of an array. */
export interface Item {
  /** There and not null. Of the elements of an array: none of them is null. */
  readonly required: boolean;
  readonly type: Type;
  readonly constraints: Constraints;
}

export interface Field extends Item {
  readonly name: string;
}

export type Type = ScalarType | ObjectType | ArrayType;

export interface ObjectType {
  readonly kind: 'object';
  readonly fields: readonly Field[];
}

export interface ArrayType {
  readonly kind: 'array';
  readonly items: Item;
}

/** A type whose values are one column of text, number, truth or time. */
export type ScalarType =
  | { readonly kind: 'string' | 'integer' | 'double' | 'boolean' }
  | DecimalType
  | DateType
  | TimestampType;

export interface DecimalType {
  readonly kind: 'decimal';
  readonly precision: number;
  readonly scale: number;
}

/** How a date is written: ISO 8601, or a pattern of the JDK with a regular expression of its shape. */
export interface DateType {
  readonly kind: 'date';
  readonly format: string;
  readonly shape?: string;
}

/** How an instant is written: as a text with a format, or as a number of units since 1970. */
export type TimestampType =
  | {
      readonly kind: 'timestamp';
      readonly format: string;
      readonly shape?: string;
      /** `UTC` or `±hh:mm`: the zone of texts that name none. */
      readonly timezone: string;
    }
  | { readonly kind: 'timestamp'; readonly epoch: EpochUnit };

export type EpochUnit = 'seconds' | 'milliseconds' | 'microseconds';

/** What a value that is there has to satisfy. Only what the contract gives is there. */
export interface Constraints {
  readonly minimum?: string;
  readonly maximum?: string;
  readonly exclusiveMinimum?: string;
  readonly exclusiveMaximum?: string;
  readonly multipleOf?: string;
  /** Code points of a text. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Each is found somewhere in the text. Java's and JavaScript's engines read them alike. */
  readonly patterns?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly validValues?: readonly string[];
}

/** A condition over silver's columns. Only false counts against a row; unknown (NULL) does not. */
export interface Expectation {
  readonly name: string;
  /** As the author wrote it. */
  readonly sql: string;
  readonly expression: Expr;
}

export interface GoldTable {
  readonly name: string;
  /** Columns of silver. */
  readonly groupBy: readonly string[];
  readonly windowMs: number;
  /** Time from the start of a window to the start of the next one: a divisor of the window. */
  readonly slideMs: number;
  readonly measures: readonly Measure[];
}

export interface Measure {
  readonly name: string;
  readonly function: MeasureFunction;
  /** Null for `count(*)`. */
  readonly argument: Expr | null;
  /** Type of the column. */
  readonly type: ColumnType;
}

export type MeasureFunction = 'count' | 'sum' | 'min' | 'max' | 'avg';

/** The type of a column, whatever the notation of the event's dates and times was. */
export type ColumnType =
  | { readonly kind: 'string' | 'integer' | 'double' | 'boolean' | 'date' | 'timestamp' }
  | DecimalType;

export type LiteralType = ColumnType['kind'];
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/** A parsed and type-checked expression of the SQL subset. */
export type Expr =
  | { readonly op: 'column'; readonly name: string }
  | { readonly op: 'literal'; readonly type: LiteralType; readonly value: string }
  | {
      readonly op:
        | 'and'
        | 'or'
        | 'not'
        | ComparisonOperator
        | 'in'
        | 'between'
        | 'like'
        | 'isNull'
        | 'isNotNull';
      readonly args: readonly Expr[];
    }
  | {
      readonly op: ArithmeticOperator | 'negate';
      readonly args: readonly Expr[];
      readonly type: ColumnType;
    };
