/** A fixed value. */
export interface Literal {
  readonly kind: 'literal';
  readonly value: string | number | boolean | null;
  readonly at: number;
  readonly end: number;
}

/** A name with what stands behind it: `claims.address["country"]` is `claims`, `address`, `country`. */
export interface Path {
  readonly kind: 'path';
  readonly steps: readonly (string | number)[];
  readonly at: number;
  readonly end: number;
}

/** A list that is written out. */
export interface List {
  readonly kind: 'list';
  readonly items: readonly (Literal | Path)[];
  readonly at: number;
  readonly end: number;
}

/** A value to compare. */
export type Value = Literal | Path | List;

/** What stands between two values. */
export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in';

/** An expression as it is written. */
export type Expression =
  | Value
  | {
      readonly kind: 'compare';
      readonly operator: Operator;
      readonly left: Value;
      readonly right: Value;
      readonly at: number;
      readonly end: number;
    }
  | { readonly kind: 'not'; readonly part: Expression; readonly at: number; readonly end: number }
  | {
      readonly kind: 'and' | 'or';
      readonly parts: readonly Expression[];
      readonly at: number;
      readonly end: number;
    };
