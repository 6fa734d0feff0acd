/**
 * What is wrong with the templates of a configuration in TypeScript, found by the compiler: types only. A mistake is the type
 * that would have to stand at the place, a text that says what is wrong; where there is none, nothing is asked for.
 * @template Route what a route has to be, and `Policy` an item in a list of policies: beside a mistake in a list the compiler
 *   sees only what is asked for there.
 */
export type TemplateMistakes<Written, Route, Policy> = Nested<{
  readonly policies: PolicyMistakes<MemberOf<Written, 'policies'>, AnyPath, Policy>;
  readonly routes: EachRoute<MemberOf<Written, 'routes'>, Route, Policy>;
}>;

/** Policies of every route meet every path. */
interface AnyPath extends CapturingPath {
  readonly path: 'the list for every route';
  readonly names: never;
}

/** The built-in policies whose options may hold templates. */
type TemplatePolicy = 'headers' | 'redirect' | 'respond';

type EachRoute<Routes, Route, Policy> = Routes extends readonly unknown[]
  ? NestedList<
      { readonly [Index in keyof Routes & `${number}`]: Beside<Route, RouteMistakes<Routes[Index], Policy>> },
      Route
    >
  : never;

/** The mistakes beside what else is asked for; nothing where there are none. */
type Beside<Asked, Mistakes> = [Mistakes] extends [never] ? never : Asked & Mistakes;

/** Where nobody can say what the path captures, as in one that is computed, nothing is a mistake. */
type RouteMistakes<Route, Policy> =
  Captured<MemberOf<Route, 'path'>> extends infer Path extends CapturingPath
    ? Nested<{
        readonly rewrite: TextMistakes<MemberOf<Route, 'rewrite'>, Path>;
        readonly policies: PolicyMistakes<MemberOf<Route, 'policies'>, Path, Policy>;
      }>
    : never;

/** A path, as one says it, and the names of its parameters. */
interface CapturingPath {
  readonly path: string;
  readonly names: string;
}

type PolicyMistakes<List, Path extends CapturingPath, Policy> = List extends readonly unknown[]
  ? NestedList<{ readonly [Index in keyof List & `${number}`]: UseMistakes<List[Index], Path> }, Policy>
  : never;

type UseMistakes<Use, Path extends CapturingPath> = Nested<{
  readonly [Name in keyof Use & TemplatePolicy]: TextMistakes<TemplatesOf<Use[Name], Name>, Path>;
}>;

/** The body of `respond` is a template only where it says so. */
type TemplatesOf<Options, Name extends TemplatePolicy> = Name extends 'respond'
  ? Options extends { readonly template: true }
    ? Options
    : Omit<Options, 'body' | 'json'>
  : Options;

/** The mistakes in a text, or in all texts of a list or an object. */
type TextMistakes<Value, Path extends CapturingPath> = Value extends string
  ? TextMistake<Value, Path>
  : Value extends readonly unknown[]
    ? NestedList<{ readonly [Index in keyof Value & `${number}`]: TextMistakes<Value[Index], Path> }, unknown>
    : Value extends object
      ? Nested<{ readonly [Key in keyof Value]: TextMistakes<Value[Key], Path> }>
      : never;

/** `$${` is no variable, but a literal `${`. */
type TextMistake<Text extends string, Path extends CapturingPath> =
  IsLiteral<Text> extends true
    ? Text extends `${infer Before}\${params.${infer Name}}${infer Rest}`
      ? Before extends `${string}$`
        ? TextMistake<Rest, Path>
        : Name extends Path['names']
          ? TextMistake<Rest, Path>
          : `${Path['path']} captures no parameter '${Name}'`
      : never
    : never;

/** What a path captures; `unknown` where nobody can say. */
type Captured<Path> = [Path] extends [never]
  ? { readonly path: 'a route without path'; readonly names: never }
  : Path extends string
    ? Literal<Path, PatternNames<Path>>
    : Path extends { readonly pattern: infer Pattern extends string }
      ? Literal<Pattern, PatternNames<Pattern>>
      : Path extends { readonly regex: infer Source extends string }
        ? Literal<Source, GroupNames<Source>>
        : Path extends { readonly exact: infer Exact extends string }
          ? Literal<Exact, never>
          : Path extends { readonly prefix: infer Prefix extends string }
            ? Literal<Prefix, never>
            : unknown;

type Literal<Text extends string, Names extends string> =
  IsLiteral<Text> extends true ? { readonly path: `the path '${Text}'`; readonly names: Names } : unknown;

type PatternNames<
  Pattern extends string,
  Names extends string = never,
> = Pattern extends `${string}/:${infer Name}/${infer Rest}`
  ? PatternNames<`/${Rest}`, Names | Name>
  : Pattern extends `${string}/:${infer Name}`
    ? Names | Name
    : Names;

type GroupNames<
  Source extends string,
  Names extends string = never,
> = Source extends `${string}(?<${infer Name}>${infer Rest}` ? GroupNames<Rest, Names | Name> : Names;

/** Whether it is one text, or several to choose from, and nothing like `string` or `/${string}`. */
type IsLiteral<Text extends string> =
  // eslint-disable-next-line typescript/no-generated-empty-object-type -- it fits whatever asks for no certain key, and nothing else
  Record<never, never> extends Readonly<Record<Text, true>> ? false : true;

/** What stands under a key; `never` where nothing does. */
export type MemberOf<Value, Key extends string> = Value extends { readonly [Name in Key]: infer Member }
  ? Member
  : never;

/** An object of mistakes, in which only the places with mistakes are left; `never` where there are none. */
type Nested<Found> = {
  readonly [Key in keyof Found as [Found[Key]] extends [never] ? never : Key]: Found[Key];
} extends infer Left
  ? [keyof Left] extends [never]
    ? never
    : Left
  : never;

/** A list in which something is a mistake, as the compiler wants it: with every item. `never` where there are none. */
type NestedList<Found, Asked> = [Found[keyof Found]] extends [never]
  ? never
  : { readonly [Index in keyof Found]: [Found[Index]] extends [never] ? Asked : Found[Index] };
