/* What the corpus tab does by itself. */
(() => {
  "use strict";
})();
