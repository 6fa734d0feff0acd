/** Version 4 beside version 5; as far as the tests go, both have the same functions. */
declare module 'express4' {
  export { default } from 'express';
}
