package io.penumbra.simulator.workload;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.Resources;
import io.penumbra.simulator.scenario.InputFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which letter of an arrivals file stands for which size. */
public final class FlavorMap {

  private static final Pattern LINE = Pattern.compile("(\\d+),(\\d+(?:\\.\\d+)?) (\\S)");
  private static final String AZURE_V1 =
      """
      1,0.75 a
      1,1.75 b
      1,2 c
      16,112 d
      2,14 e
      2,16 f
      2,3.5 g
      2,4 h
      4,28 i
      4,32 j
      4,7 k
      4,8 l
      8,14 m
      8,16 n
      8,56 o
      8,64 p
      """;

  private final SortedMap<Character, Integer> indices;
  private final List<Flavor> flavors;

  private FlavorMap(SortedMap<Character, Integer> indices, List<Flavor> flavors) {
    this.indices = indices;
    this.flavors = List.copyOf(flavors);
  }

  /** The sixteen flavours of the Azure V1 traces (vCPU, GiB). */
  public static FlavorMap azureV1(long diskGibPerVcpu) {
    return read(InputFile.ofText("Azure V1 flavours", AZURE_V1), diskGibPerVcpu);
  }

  /** Reads a flavour map: lines of {@code vCPU,GiB letter}. */
  public static FlavorMap read(Path path, long diskGibPerVcpu) {
    try (InputFile file = InputFile.open(path)) {
      return read(file, diskGibPerVcpu);
    }
  }

  /** Reads a flavour map from an open file. */
  public static FlavorMap read(InputFile file, long diskGibPerVcpu) {
    SortedMap<Character, Integer> indices = new TreeMap<>();
    List<Flavor> flavors = new ArrayList<>();
    while (file.next()) {
      Matcher matcher = LINE.matcher(file.text().strip());
      if (!matcher.matches()) {
        throw file.bad(
            "flavour", "is '%s'; expected like '2,3.5 g'".formatted(file.text().strip()));
      }
      char letter = matcher.group(3).charAt(0);
      if (indices.put(letter, flavors.size()) != null) {
        throw file.bad("flavour letter", "'%c' is given twice; expected once".formatted(letter));
      }
      flavors.add(
          flavor(
              Integer.parseInt(matcher.group(1)),
              Math.round(Double.parseDouble(matcher.group(2)) * 1024),
              diskGibPerVcpu));
    }
    if (flavors.isEmpty()) {
      throw file.bad("flavours", "are missing: the file is empty");
    }
    return new FlavorMap(Collections.unmodifiableSortedMap(indices), flavors);
  }

  /** A flavour named after its size, for example {@code 2c3.5g}. */
  static Flavor flavor(int vcpus, long memoryMib, long diskGibPerVcpu) {
    String gib =
        memoryMib % 1024 == 0
            ? Long.toString(memoryMib / 1024)
            : Double.toString(memoryMib / 1024.0);
    return new Flavor(
        FlavorId.of("%dc%sg".formatted(vcpus, gib)),
        new Resources(vcpus, memoryMib, vcpus * diskGibPerVcpu));
  }

  public List<Flavor> flavors() {
    return flavors;
  }

  /** The index of the flavour with this letter, or -1; a lookup inside the parser's inner loop. */
  int indexOf(char letter) {
    Integer index = indices.get(letter);
    return index == null ? -1 : index;
  }

  /** The letters, for error messages. */
  String letters() {
    StringBuilder text = new StringBuilder();
    indices.keySet().forEach(text::append);
    return text.toString();
  }
}
