package io.penumbra.placement.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmNamesTest {

  private static final VmId ONE = VmId.of("vm-1");
  private static final VmId TWO = VmId.of("vm-2");

  @TempDir private Path directory;

  @Test
  void namesAreThereAfterARestartAndTheNewestCounts() {
    VmNames names = VmNames.open(directory);
    names.told(ONE, "shop front");
    names.told(TWO, "db");
    names.told(ONE, "shop");

    VmNames again = VmNames.open(directory);
    assertThat(again.called("shop")).containsExactly(ONE);
    assertThat(again.called("shop front")).isEmpty();
    assertThat(again.of(TWO)).contains("db");
    assertThat(directory.resolve("names")).hasContent("vm-2 db\nvm-1 shop");
  }

  @Test
  void severalMayHaveOneNameAndNobodyNeedHaveAny() {
    VmNames names = VmNames.open(directory.resolve("new"));
    names.told(ONE, "db");
    names.told(TWO, "db");
    names.told(VmId.of("vm-3"), "");

    assertThat(names.called("db")).containsExactly(ONE, TWO);
    assertThat(VmNames.read(directory).called("db")).isEmpty();
  }

  @Test
  void aLineBreakInANameMakesNoSecondLineAndALineThatWasCutOffIsNoName() throws IOException {
    VmNames.open(directory).told(ONE, "a\nvm-2 b");
    Files.writeString(directory.resolve("names"), "vm-", StandardOpenOption.APPEND);

    VmNames read = VmNames.read(directory);
    assertThat(read.of(ONE)).contains("a vm-2 b");
    assertThat(read.of(TWO)).isEmpty();
  }

  @Test
  void aLineThatWasCutOffWithinACharacterKeepsNobodyFromStarting() throws IOException {
    VmNames.open(directory).told(ONE, "shop");
    Path file = directory.resolve("names");
    byte[] cut = Arrays.copyOf("vm-2 caf\u00e9".getBytes(StandardCharsets.UTF_8), 9);
    Files.write(file, cut, StandardOpenOption.APPEND);

    VmNames names = VmNames.open(directory);
    assertThat(names.of(ONE)).contains("shop");
    names.told(TWO, "caf\u00e9");
    assertThat(VmNames.read(directory).of(TWO)).contains("caf\u00e9");
  }

  @Test
  void namesThatCanBeNeitherReadNorWrittenAreKnownUntilTheEnd() throws IOException {
    Files.createDirectories(directory.resolve("names").resolve("something"));

    VmNames names = VmNames.open(directory);
    names.told(ONE, "shop");
    assertThat(names.called("shop")).containsExactly(ONE);
    assertThat(VmNames.read(directory).of(ONE)).isEmpty();
  }
}
