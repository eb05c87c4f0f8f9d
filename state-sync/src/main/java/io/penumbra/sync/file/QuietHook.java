package io.penumbra.sync.file;

/**
 * Asks whoever writes a live image to be quiet for a moment, for example by {@code fsfreeze} or an
 * agent in the guest.
 */
public interface QuietHook {

  /** Nobody is asked; the cut looks twice instead. */
  QuietHook NONE =
      new QuietHook() {
        @Override
        public boolean quiet() {
          return false;
        }

        @Override
        public void goOn() {}
      };

  /** Returns true once nobody writes; false if that can't be had now. */
  boolean quiet();

  /** Lets them go on, whether it was quiet or not. */
  void goOn();
}
