package io.penumbra.simulator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class InputFileTest {

  @TempDir private Path folder = Path.of(".");

  @Test
  void readsPlainGzipAndXzAlike() throws IOException {
    String text = "one\ntwo\n";
    assertLines(write("a.txt", text.getBytes(StandardCharsets.UTF_8)));
    assertLines(write("a.gz", gzip(text)));
    ByteArrayOutputStream xz = new ByteArrayOutputStream();
    try (OutputStream out = new XZOutputStream(xz, new LZMA2Options())) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    assertLines(write("a.xz", xz.toByteArray()));
  }

  @Test
  void aGzipThatIsCutShortSaysSo() throws IOException {
    byte[] whole = gzip("line\n".repeat(100_000));
    Path cut = write("cut.gz", Arrays.copyOf(whole, whole.length / 2));
    try (InputFile file = InputFile.open(cut)) {
      assertThatThrownBy(
              () -> {
                while (file.next()) {
                  assertThat(file.text()).isEqualTo("line");
                }
              })
          .isInstanceOf(BadInputException.class)
          .hasMessageContaining("cut.gz:")
          .hasMessageContaining("is cut short");
    }
  }

  @Test
  void whatIsNoTextSaysSo() throws IOException {
    Path binary = write("a.bin", new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
    try (InputFile file = InputFile.open(binary)) {
      assertThatThrownBy(file::next)
          .isInstanceOf(BadInputException.class)
          .hasMessageContaining("is not UTF-8 text");
    }
  }

  private static void assertLines(Path path) {
    try (InputFile file = InputFile.open(path)) {
      assertThat(file.next()).isTrue();
      assertThat(file.text()).isEqualTo("one");
      assertThat(file.next()).isTrue();
      assertThat(file.line()).isEqualTo(2);
      assertThat(file.next()).isFalse();
    }
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }
}
