/* What the interview and progress tabs do by themselves. */
(() => {
  "use strict";
})();
